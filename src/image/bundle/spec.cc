// SPDX-License-Identifier: Apache-2.0
// The conversion's rules, on top of the configuration that the runtime itself would write.
#include "image/bundle/spec.h"

#include <algorithm>

#include "estiva/base/text.h"

namespace estiva::image {

namespace {

// Nothing here is newer, and crun of 2023 refuses what it does not know.
constexpr const char* kVersion = "1.0.2";

constexpr std::string_view kPrefix = "org.opencontainers.image.";

// What programs of images count on, beside the runtime's own defaults: package managers, servers that change their user.
constexpr const char* kMoreCapabilities[] = {"CAP_CHOWN",   "CAP_DAC_OVERRIDE", "CAP_FOWNER",
                                             "CAP_FSETID",  "CAP_SETFCAP",      "CAP_SETGID",
                                             "CAP_SETPCAP", "CAP_SETUID",       "CAP_SYS_CHROOT"};

bool has_variable(const std::vector<std::string>& env, std::string_view name) {
  return std::ranges::any_of(env, [&](const std::string& each) {
    return each.starts_with(name) && each.size() > name.size() && each[name.size()] == '=';
  });
}

void set_process(const ContainerConfig& config, const FoundUser& user, spec::Process& process) {
  const std::vector<std::string> defaults = std::exchange(process.env, config.env);
  for (const std::string& variable : defaults) {
    const std::string name = variable.substr(0, variable.find('='));
    if (name == "PATH" && !has_variable(process.env, name)) process.env.push_back(variable);
  }
  if (!user.home.empty() && !has_variable(process.env, "HOME"))
    process.env.push_back(text::cat("HOME=", user.home));
  process.args = config.entrypoint;
  process.args.insert(process.args.end(), config.cmd.begin(), config.cmd.end());
  process.cwd = config.working_dir.empty() ? "/" : config.working_dir;
  if (!process.cwd.starts_with('/')) process.cwd.insert(0, "/");
  process.user = user.user;
  process.terminal = false;
  process.no_new_privileges = false;  // sudo, su, ping
  process.rlimits.clear();
  for (auto* set : {&process.capabilities->bounding, &process.capabilities->effective,
                    &process.capabilities->permitted}) {
    set->insert(set->end(), std::begin(kMoreCapabilities), std::end(kMoreCapabilities));
    std::ranges::sort(*set);
  }
}

std::string keys_of(const std::map<std::string, std::map<std::string, std::string>>& set) {
  std::vector<std::string> keys;
  keys.reserve(set.size());
  for (const auto& [key, value] : set) keys.push_back(key);
  return text::join(keys, ",");
}

// A label of the same name wins, since labels come first.
void set_annotations(const ImageConfig& image, const ContainerConfig& config,
                     std::map<std::string, std::string>& annotations) {
  annotations.insert(config.labels.begin(), config.labels.end());
  const std::pair<std::string_view, std::string> values[] = {
      {"os", image.os},
      {"architecture", image.architecture},
      {"variant", image.variant},
      {"os.version", image.os_version},
      {"os.features", text::join(image.os_features, ",")},
      {"author", image.author},
      {"created", image.created},
      {"stopSignal", config.stop_signal},
      {"exposedPorts", keys_of(config.exposed_ports)},
  };
  for (const auto& [name, value] : values)
    if (!value.empty()) annotations.emplace(text::cat(kPrefix, name), value);
}

}  // namespace

Result<spec::Spec> make_spec(const ImageConfig& image, const FoundUser& user) {
  const ContainerConfig config = image.config.value_or(ContainerConfig());
  spec::Spec out = spec::default_config();
  out.oci_version = kVersion;
  out.root->readonly = false;
  out.hostname = "cais";
  set_process(config, user, *out.process);
  if (out.process->args.empty()) out.process->args = {"sh"};
  set_annotations(image, config, out.annotations);
  return out;
}

}  // namespace estiva::image
