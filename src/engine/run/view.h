// SPDX-License-Identifier: Apache-2.0
// The files of a container as its process sees them, volumes included, for commands that read and write there by a
// descriptor of its root. No process of ours enters it, and nothing of it is executed.
#pragma once

#include <optional>

#include "engine/container/id_maps.h"
#include "engine/run/engine.h"
#include "estiva/base/root_dir.h"

namespace estiva::engine {

// Of a running container: the root of its process. Of another one: its root file system, with its bind mounts in a mount
// namespace of our own. Until the view goes, nobody starts, cleans up after or removes the container; others may look too.
class ContainerView {
 public:
  static Result<ContainerView> open(const Engine& engine, const std::string& id);
  ContainerView(ContainerView&&) = default;
  ContainerView& operator=(ContainerView&&) = delete;
  ~ContainerView();

  const RootDir& root() const { return *root_; }
  // Owners of files there are the container's ids as this maps them to the host's; empty: as they are.
  const IdMap& uid_map() const { return uid_map_; }
  const IdMap& gid_map() const { return gid_map_; }

 private:
  ContainerView(const Engine& engine, std::string id) : engine_(&engine), id_(std::move(id)) {}
  Result<void> enter();
  Result<void> open_running(const ContainerRecord& record, const shim::State& state);
  Result<void> open_stopped(const ContainerRecord& record);
  Result<void> mount_binds(const ContainerRecord& record);

  const Engine* engine_;
  std::string id_;
  Fd lock_, own_namespace_;
  std::optional<RootDir> root_;
  IdMap uid_map_, gid_map_;
};

}  // namespace estiva::engine
