// SPDX-License-Identifier: Apache-2.0
// A container comes into being: its bundle, its configuration, its record; all of it or nothing.
#pragma once

#include "engine/run/engine.h"
#include "estiva/base/root_dir.h"

namespace estiva::engine {

struct CreateRequest {
  ContainerOptions options;
  std::string image;
  Strings command;
  bool starts = false;  // at once: what each start writes anew is left to that
};
Result<ContainerRecord> create_container(const Engine& engine, const CreateRequest& request);

// The groups of --group-add, by the container's own /etc/group.
Result<std::vector<uint32_t>> added_groups(const RootDir& root, const ContainerOptions& options);

// What --env-file and --env say: a name alone takes its value from our environment.
Result<Strings> read_env(const ContainerOptions& options);

}  // namespace estiva::engine
