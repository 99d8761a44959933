// SPDX-License-Identifier: Apache-2.0
// estiva spec and features: documents that depend on no container. Neither needs privilege nor writes elsewhere.
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "config.h"
#include "estiva/base/files.h"
#include "estiva/base/text.h"
#include "estiva/spec/features.h"
#include "runtime/commands/command.h"
#include "runtime/parent/seccomp.h"
#include "runtime/plan/names.h"

namespace estiva {

namespace {

struct SpecOptions {
  std::string bundle = ".";
  bool rootless = false;
};

constexpr Option kSpecRows[] = {
    options::row<&SpecOptions::bundle>('b', "bundle", "DIR",
                                       "where to write config.json; the working directory if not given"),
    options::row<&SpecOptions::rootless>(0, "rootless", nullptr, "for a user without privilege"),
};

Result<int> write_spec(Invocation& in) {
  SpecOptions given;
  TRY(parse_operands(kSpec, &given, in, 0, 0));
  const spec::Spec config =
      given.rootless ? spec::default_rootless_config(::geteuid(), ::getegid()) : spec::default_config();
  const Fd dir = TRY(sys::open(given.bundle, O_RDONLY | O_DIRECTORY).context([] { return "bundle"; }));
  Result<Fd> file = sys::openat(dir, "config.json", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0666);
  if (!file.ok() && file.error().errnum() == EEXIST) {
    return Error(Code::kExists, "config.json exists already").hint("remove it first");
  }
  TRY(sys::write_all(TRY(std::move(file)), spec::to_json(config, spec::Style::kPretty)));
  return 0;
}

std::vector<std::string> all_names(std::span<const std::string_view> table) {
  return std::vector<std::string>(table.begin(), table.end());
}

spec::SeccompFeatures seccomp_features() {
  spec::SeccompFeatures seccomp;
  seccomp.enabled = true;
  seccomp.actions = all_names(spec::kSeccompActionNames);
  std::erase(*seccomp.actions, "SCMP_ACT_NOTIFY");  // plan/seccomp refuses it
  seccomp.operators = all_names(spec::kSeccompOperatorNames);
  seccomp.archs = all_names(spec::kSeccompArchNames);
  const std::vector<std::string> flags = {"SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG",
                                          "SECCOMP_FILTER_FLAG_SPEC_ALLOW"};
  seccomp.known_flags = flags;
  seccomp.supported_flags = flags;
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
  features.apparmor = spec::FeatureSwitch{false};
  features.selinux = spec::FeatureSwitch{false};
  features.intel_rdt = spec::IntelRdtFeatures{false, false, false};
  features.memory_policy = spec::MemoryPolicyFeatures{std::vector<std::string>(), std::vector<std::string>()};
  features.mount_extensions = spec::MountExtensions{spec::FeatureSwitch{true}};
  features.net_devices = spec::FeatureSwitch{false};
  return features;
}

Result<int> print_features(Invocation& in) {
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
  features.annotations["io.estiva.libseccomp.version"] = libseccomp_version();
  TRY(print(spec::to_json(features, spec::Style::kPretty)));
  return 0;
}

}  // namespace

const Command kSpec = {"spec", "", "write a config.json to start from", kSpecRows, write_spec};
const Command kFeatures = {"features", "", "print what this runtime supports as JSON", {}, print_features};

}  // namespace estiva
