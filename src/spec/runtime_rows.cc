// SPDX-License-Identifier: Apache-2.0
// The rows of the documents that the runtime writes: state (runtime.md), what the seccomp agent receives
// (config-linux.md), features (features.md, features-linux.md).
// In the order of the specification.
#include "rows.h"

namespace estiva::codec {

using namespace spec;

template <>
std::span<const Row> rows<State>() {
  static constexpr Row kRows[] = {
      row<&State::oci_version>("ociVersion", kRequired),
      row<&State::id>("id", kRequired),
      row<&State::status>("status", kRequired),
      row<&State::pid>("pid"),
      row<&State::bundle>("bundle", kRequired),
      row<&State::annotations>("annotations"),
      row<&State::rootfs>("rootfs"),
      row<&State::created>("created"),
      row<&State::owner>("owner"),
  };
  return kRows;
}

template <>
std::span<const Row> rows<ContainerProcessState>() {
  static constexpr Row kRows[] = {
      row<&ContainerProcessState::oci_version>("ociVersion", kRequired),
      row<&ContainerProcessState::fds>("fds", kRequired),
      row<&ContainerProcessState::pid>("pid", kRequired),
      row<&ContainerProcessState::metadata>("metadata"),
      row<&ContainerProcessState::state>("state", kRequired),
  };
  return kRows;
}

template <>
std::span<const Row> rows<CgroupFeatures>() {
  static constexpr Row kRows[] = {
      row<&CgroupFeatures::v1>("v1"),           row<&CgroupFeatures::v2>("v2"),
      row<&CgroupFeatures::systemd>("systemd"), row<&CgroupFeatures::systemd_user>("systemdUser"),
      row<&CgroupFeatures::rdma>("rdma"),
  };
  return kRows;
}

template <>
std::span<const Row> rows<SeccompFeatures>() {
  static constexpr Row kRows[] = {
      row<&SeccompFeatures::enabled>("enabled"),
      row<&SeccompFeatures::actions>("actions"),
      row<&SeccompFeatures::operators>("operators"),
      row<&SeccompFeatures::archs>("archs"),
      row<&SeccompFeatures::known_flags>("knownFlags"),
      row<&SeccompFeatures::supported_flags>("supportedFlags"),
  };
  return kRows;
}

template <>
std::span<const Row> rows<FeatureSwitch>() {
  static constexpr Row kRows[] = {
      row<&FeatureSwitch::enabled>("enabled"),
  };
  return kRows;
}

template <>
std::span<const Row> rows<IntelRdtFeatures>() {
  static constexpr Row kRows[] = {
      row<&IntelRdtFeatures::enabled>("enabled"),
      row<&IntelRdtFeatures::schemata>("schemata"),
      row<&IntelRdtFeatures::monitoring>("monitoring"),
  };
  return kRows;
}

template <>
std::span<const Row> rows<MemoryPolicyFeatures>() {
  static constexpr Row kRows[] = {
      row<&MemoryPolicyFeatures::modes>("modes"),
      row<&MemoryPolicyFeatures::flags>("flags"),
  };
  return kRows;
}

template <>
std::span<const Row> rows<MountExtensions>() {
  static constexpr Row kRows[] = {
      row<&MountExtensions::idmap>("idmap"),
  };
  return kRows;
}

template <>
std::span<const Row> rows<LinuxFeatures>() {
  static constexpr Row kRows[] = {
      row<&LinuxFeatures::namespaces>("namespaces"),
      row<&LinuxFeatures::capabilities>("capabilities"),
      row<&LinuxFeatures::cgroup>("cgroup"),
      row<&LinuxFeatures::seccomp>("seccomp"),
      row<&LinuxFeatures::apparmor>("apparmor"),
      row<&LinuxFeatures::selinux>("selinux"),
      row<&LinuxFeatures::intel_rdt>("intelRdt"),
      row<&LinuxFeatures::memory_policy>("memoryPolicy"),
      row<&LinuxFeatures::mount_extensions>("mountExtensions"),
      row<&LinuxFeatures::net_devices>("netDevices"),
  };
  return kRows;
}

template <>
std::span<const Row> rows<Features>() {
  static constexpr Row kRows[] = {
      row<&Features::oci_version_min>("ociVersionMin", kRequired),
      row<&Features::oci_version_max>("ociVersionMax", kRequired),
      row<&Features::hooks>("hooks"),
      row<&Features::mount_options>("mountOptions"),
      row<&Features::linux>("linux"),
      row<&Features::annotations>("annotations"),
      row<&Features::potentially_unsafe_config_annotations>("potentiallyUnsafeConfigAnnotations"),
  };
  return kRows;
}

}  // namespace estiva::codec
