// SPDX-License-Identifier: Apache-2.0
// One layer to a registry, in the form that costs least: one that it has, one that it can take from a neighbour
// repository, one that is compressed now.
#pragma once

#include <string>
#include <vector>

#include "image/formats/source.h"
#include "image/registry/push.h"

namespace estiva::image {

class LayerPush {
 public:
  LayerPush(Registry& registry, Session& session, const PushOptions& options, Watcher& watcher)
      : registry_(registry), session_(session), options_(options), watcher_(watcher) {}

  // Media types of new layers are docker's.
  void set_docker(bool docker) { docker_ = docker; }

  // What the manifest has to say of the layer. `wanted`: what it says so far; `siblings`: repositories to mount from.
  Result<Descriptor> push(const Descriptor& wanted, const Digest& diff_id,
                          const std::vector<std::string>& siblings);

 private:
  // A form that the registry has, or can mount.
  Result<std::optional<Descriptor>> find(const std::vector<Descriptor>& forms,
                                         const std::vector<std::string>& siblings);
  Result<Descriptor> compress(const LayerRecord& layer, FdView out);
  Result<void> send(const Descriptor& blob, FdView file);
  void show(Phase phase, uint64_t current, uint64_t total, std::string note = "");

  Registry& registry_;
  Session& session_;
  const PushOptions& options_;
  Watcher& watcher_;
  bool docker_ = false;
  std::string id_;  // of the layer that is on its way, for who watches
};

// "application/vnd.oci.image.layer.v1.tar+gzip" for docker's word for the same.
std::string oci_layer_type(std::string_view type);

}  // namespace estiva::image
