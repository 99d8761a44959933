// SPDX-License-Identifier: Apache-2.0
// From a container back to an image.
#include "engine/container/committed.h"

#include "engine/spec/make_spec.h"

namespace estiva::engine {

namespace {

// The process begins with the entrypoint; what stands behind is CMD.
void set_arguments(const ContainerRecord& record, image::ContainerConfig& config) {
  const ContainerOptions& options = record.options;
  if (options.has_entrypoint)
    config.entrypoint = options.entrypoint.empty() ? Strings() : Strings{options.entrypoint};
  const auto behind = static_cast<ptrdiff_t>(std::min(config.entrypoint.size(), record.args.size()));
  config.cmd.assign(record.args.begin() + behind, record.args.end());
}

}  // namespace

image::ContainerConfig committed_config(const ContainerRecord& record, image::ContainerConfig image) {
  const ContainerOptions& options = record.options;
  set_arguments(record, image);
  for (const std::string& variable : record.env) set_variable(image.env, variable);
  if (!options.user.empty()) image.user = options.user;
  if (!options.workdir.empty()) image.working_dir = options.workdir;
  for (const std::string& port : record.exposed_ports) image.exposed_ports[port];
  image.labels = record.labels;
  image.stop_signal = record.stop_signal;
  return image;
}

}  // namespace estiva::engine
