// SPDX-License-Identifier: Apache-2.0
// The rows of the `linux` object of config.json, seccomp with it (config-linux.md).
// In the order of the specification.
#include "rows.h"

namespace estiva::codec {

using namespace spec;

template <>
std::span<const Row> rows<Namespace>() {
  static constexpr Row kRows[] = {
      row<&Namespace::type>("type", kRequired),
      row<&Namespace::path>("path"),
  };
  return kRows;
}

template <>
std::span<const Row> rows<IdMapping>() {
  static constexpr Row kRows[] = {
      row<&IdMapping::container_id>("containerID", kRequired),
      row<&IdMapping::host_id>("hostID", kRequired),
      row<&IdMapping::size>("size", kRequired),
  };
  return kRows;
}

template <>
std::span<const Row> rows<TimeOffset>() {
  static constexpr Row kRows[] = {
      row<&TimeOffset::secs>("secs"),
      row<&TimeOffset::nanosecs>("nanosecs"),
  };
  return kRows;
}

template <>
std::span<const Row> rows<Device>() {
  static constexpr Row kRows[] = {
      row<&Device::type>("type", kRequired),
      row<&Device::path>("path", kRequired),
      row<&Device::major>("major"),
      row<&Device::minor>("minor"),
      row<&Device::file_mode>("fileMode"),
      row<&Device::uid>("uid"),
      row<&Device::gid>("gid"),
  };
  return kRows;
}

template <>
std::span<const Row> rows<NetDevice>() {
  static constexpr Row kRows[] = {
      row<&NetDevice::name>("name"),
  };
  return kRows;
}

template <>
std::span<const Row> rows<IntelRdt>() {
  static constexpr Row kRows[] = {
      row<&IntelRdt::clos_id>("closID"),
      row<&IntelRdt::schemata>("schemata"),
      row<&IntelRdt::l3_cache_schema>("l3CacheSchema"),
      row<&IntelRdt::mem_bw_schema>("memBwSchema"),
      row<&IntelRdt::enable_monitoring>("enableMonitoring"),
      ignored("enableCMT", kRemoved),
      ignored("enableMBM", kRemoved),
  };
  return kRows;
}

template <>
std::span<const Row> rows<MemoryPolicy>() {
  static constexpr Row kRows[] = {
      row<&MemoryPolicy::mode>("mode", kRequired),
      row<&MemoryPolicy::nodes>("nodes"),
      row<&MemoryPolicy::flags>("flags"),
  };
  return kRows;
}

template <>
std::span<const Row> rows<Personality>() {
  static constexpr Row kRows[] = {
      row<&Personality::domain>("domain", kRequired),
      row<&Personality::flags>("flags"),
  };
  return kRows;
}

template <>
std::span<const Row> rows<SeccompArg>() {
  static constexpr Row kRows[] = {
      row<&SeccompArg::index>("index", kRequired),
      row<&SeccompArg::value>("value", kRequired),
      row<&SeccompArg::value_two>("valueTwo"),
      row<&SeccompArg::op>("op", kRequired),
  };
  return kRows;
}

template <>
std::span<const Row> rows<SeccompSyscall>() {
  static constexpr Row kRows[] = {
      row<&SeccompSyscall::names>("names", kRequired),
      row<&SeccompSyscall::action>("action", kRequired),
      row<&SeccompSyscall::errno_ret>("errnoRet"),
      row<&SeccompSyscall::args>("args"),
  };
  return kRows;
}

template <>
std::span<const Row> rows<Seccomp>() {
  static constexpr Row kRows[] = {
      row<&Seccomp::default_action>("defaultAction", kRequired),
      row<&Seccomp::default_errno_ret>("defaultErrnoRet"),
      row<&Seccomp::architectures>("architectures"),
      row<&Seccomp::flags>("flags"),
      row<&Seccomp::listener_path>("listenerPath"),
      row<&Seccomp::listener_metadata>("listenerMetadata"),
      row<&Seccomp::syscalls>("syscalls"),
  };
  return kRows;
}

template <>
std::span<const Row> rows<Linux>() {
  static constexpr Row kRows[] = {
      row<&Linux::namespaces>("namespaces"),
      row<&Linux::uid_mappings>("uidMappings"),
      row<&Linux::gid_mappings>("gidMappings"),
      row<&Linux::time_offsets>("timeOffsets"),
      row<&Linux::devices>("devices"),
      row<&Linux::net_devices>("netDevices"),
      row<&Linux::cgroups_path>("cgroupsPath"),
      row<&Linux::resources>("resources"),
      row<&Linux::intel_rdt>("intelRdt"),
      row<&Linux::memory_policy>("memoryPolicy"),
      row<&Linux::sysctl>("sysctl"),
      row<&Linux::seccomp>("seccomp"),
      row<&Linux::rootfs_propagation>("rootfsPropagation"),
      row<&Linux::masked_paths>("maskedPaths"),
      row<&Linux::readonly_paths>("readonlyPaths"),
      row<&Linux::mount_label>("mountLabel"),
      row<&Linux::personality>("personality"),
  };
  return kRows;
}

}  // namespace estiva::codec
