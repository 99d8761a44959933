// SPDX-License-Identifier: Apache-2.0
// The features document (runtime-spec, features.md and features-linux.md) as plain data: what a runtime was
// built for. An absent value means "unknown", which is not the same as false or an empty list.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "estiva/base/error.h"
#include "estiva/spec/spec.h"

namespace estiva::spec {

using Names = std::optional<std::vector<std::string>>;

struct CgroupFeatures {
  std::optional<bool> v1;
  std::optional<bool> v2;
  std::optional<bool> systemd;
  std::optional<bool> systemd_user;
  std::optional<bool> rdma;
  bool operator==(const CgroupFeatures&) const = default;
};

struct SeccompFeatures {
  std::optional<bool> enabled;
  Names actions;
  Names operators;
  Names archs;
  Names known_flags;
  Names supported_flags;
  bool operator==(const SeccompFeatures&) const = default;
};

// AppArmor, SELinux, idmap mounts, network devices.
struct FeatureSwitch {
  std::optional<bool> enabled;
  bool operator==(const FeatureSwitch&) const = default;
};

struct IntelRdtFeatures {
  std::optional<bool> enabled;
  std::optional<bool> schemata;
  std::optional<bool> monitoring;
  bool operator==(const IntelRdtFeatures&) const = default;
};

struct MemoryPolicyFeatures {
  Names modes;
  Names flags;
  bool operator==(const MemoryPolicyFeatures&) const = default;
};

struct MountExtensions {
  std::optional<FeatureSwitch> idmap;
  bool operator==(const MountExtensions&) const = default;
};

struct LinuxFeatures {
  Names namespaces;
  Names capabilities;
  std::optional<CgroupFeatures> cgroup;
  std::optional<SeccompFeatures> seccomp;
  std::optional<FeatureSwitch> apparmor;
  std::optional<FeatureSwitch> selinux;
  std::optional<IntelRdtFeatures> intel_rdt;
  std::optional<MemoryPolicyFeatures> memory_policy;
  std::optional<MountExtensions> mount_extensions;
  std::optional<FeatureSwitch> net_devices;
  bool operator==(const LinuxFeatures&) const = default;
};

struct Features {
  std::string oci_version_min;
  std::string oci_version_max;
  Names hooks;
  Names mount_options;
  std::optional<LinuxFeatures> linux;
  std::map<std::string, std::string> annotations;
  Names potentially_unsafe_config_annotations;
  bool operator==(const Features&) const = default;
};

Result<Features> load_features(std::string_view text);
std::string to_json(const Features& features, Style style = Style::kCompact);

}  // namespace estiva::spec
