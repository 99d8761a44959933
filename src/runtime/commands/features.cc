// SPDX-License-Identifier: Apache-2.0
// estiva features: what this build can do. Needs no privilege and writes nowhere (dockerd asks at its start).
#include <algorithm>

#include "config.h"
#include "estiva/base/sys_process.h"
#include "estiva/spec/features.h"
#include "runtime/commands/command.h"
#include "runtime/parent/libseccomp.h"
#include "runtime/parent/seccomp.h"
#include "runtime/parent/selinux.h"
#include "runtime/plan/annotations.h"
#include "runtime/plan/names.h"

namespace estiva {

namespace {

std::vector<std::string> all_names(std::span<const std::string_view> table) {
  return std::vector<std::string>(table.begin(), table.end());
}

spec::SeccompFeatures seccomp_features() {
  spec::SeccompFeatures seccomp;
  seccomp.enabled = true;
  seccomp.actions = all_names(spec::kSeccompActionNames);
  seccomp.operators = all_names(spec::kSeccompOperatorNames);
  seccomp.archs = all_names(spec::kSeccompArchNames);
  seccomp.known_flags.emplace();
  seccomp.supported_flags.emplace();
  for (const SeccompFlag& each : seccomp_flag_names()) {
    seccomp.known_flags->emplace_back(each.name);
    if (sys::seccomp_has_flags(each.flag)) seccomp.supported_flags->emplace_back(each.name);
  }
  return seccomp;
}

spec::LinuxFeatures linux_features() {
  spec::LinuxFeatures features;
  features.namespaces = all_names(spec::kNamespaceTypeNames);
  features.capabilities.emplace();
  for (int number = 0; number < names::capability_count(); ++number)
    features.capabilities->push_back(names::capability_name(number));
  features.cgroup = spec::CgroupFeatures{true, true, false, false, true};
  features.seccomp = seccomp_features();
  features.apparmor = spec::FeatureSwitch{true};
  features.selinux = spec::FeatureSwitch{knows_selinux()};
  features.intel_rdt = spec::IntelRdtFeatures{true, true, true};
  features.memory_policy = spec::MemoryPolicyFeatures{all_names(names::all(names::memory_modes())),
                                                      all_names(names::all(names::memory_flags()))};
  features.mount_extensions = spec::MountExtensions{spec::FeatureSwitch{true}};
  features.net_devices = spec::FeatureSwitch{true};
  return features;
}

[[gnu::cold]] Result<int> print_features(Invocation& in) {
  TRY(parse_operands(kFeatures, nullptr, in, 0, 0));
  spec::Features features;
  features.oci_version_min = "1.0.0";
  features.oci_version_max = spec::kVersion;
  features.hooks = std::vector<std::string>{"prestart",       "createRuntime", "createContainer",
                                            "startContainer", "poststart",     "poststop"};
  features.mount_options.emplace();
  for (const names::MountOption& option : names::mount_options())
    features.mount_options->emplace_back(option.name);
  std::ranges::sort(*features.mount_options);
  features.linux = linux_features();
  features.annotations["io.estiva.version"] = PACKAGE_VERSION;
  // These two by the names that engines look for, whatever the runtime is called.
  features.annotations["org.opencontainers.runc.checkpoint.enabled"] = "false";
  features.potentially_unsafe_config_annotations = all_names(annotations::potentially_unsafe());
  features.annotations["io.github.seccomp.libseccomp.version"] = libseccomp_version();
  TRY(print(spec::to_json(features, spec::Style::kPretty)));
  return 0;
}

}  // namespace

const Command kFeatures = {"features", "", "print what this runtime supports as JSON", {}, print_features};

}  // namespace estiva
