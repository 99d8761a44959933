// SPDX-License-Identifier: Apache-2.0
// The rows of linux.resources (config-linux.md, "Control groups").
// In the order of the specification.
#include "rows.h"

namespace estiva::codec {

using namespace spec;

template <>
std::span<const Row> rows<DeviceRule>() {
  static constexpr Row kRows[] = {
      row<&DeviceRule::allow>("allow", kRequired),
      row<&DeviceRule::type>("type"),
      row<&DeviceRule::major>("major"),
      row<&DeviceRule::minor>("minor"),
      row<&DeviceRule::access>("access"),
  };
  return kRows;
}

template <>
std::span<const Row> rows<Memory>() {
  static constexpr Row kRows[] = {
      row<&Memory::limit>("limit"),
      row<&Memory::reservation>("reservation"),
      row<&Memory::swap>("swap"),
      row<&Memory::kernel>("kernel", kDeprecated),
      row<&Memory::kernel_tcp>("kernelTCP", kDeprecated),
      row<&Memory::swappiness>("swappiness"),
      row<&Memory::disable_oom_killer>("disableOOMKiller"),
      row<&Memory::use_hierarchy>("useHierarchy"),
      row<&Memory::check_before_update>("checkBeforeUpdate"),
  };
  return kRows;
}

template <>
std::span<const Row> rows<Cpu>() {
  static constexpr Row kRows[] = {
      row<&Cpu::shares>("shares"),
      row<&Cpu::quota>("quota"),
      row<&Cpu::burst>("burst"),
      row<&Cpu::period>("period"),
      row<&Cpu::realtime_runtime>("realtimeRuntime"),
      row<&Cpu::realtime_period>("realtimePeriod"),
      row<&Cpu::cpus>("cpus"),
      row<&Cpu::mems>("mems"),
      row<&Cpu::idle>("idle"),
  };
  return kRows;
}

template <>
std::span<const Row> rows<Pids>() {
  static constexpr Row kRows[] = {
      row<&Pids::limit>("limit"),
  };
  return kRows;
}

template <>
std::span<const Row> rows<WeightDevice>() {
  static constexpr Row kRows[] = {
      row<&WeightDevice::major>("major", kRequired),
      row<&WeightDevice::minor>("minor", kRequired),
      row<&WeightDevice::weight>("weight"),
      row<&WeightDevice::leaf_weight>("leafWeight"),
  };
  return kRows;
}

template <>
std::span<const Row> rows<ThrottleDevice>() {
  static constexpr Row kRows[] = {
      row<&ThrottleDevice::major>("major", kRequired),
      row<&ThrottleDevice::minor>("minor", kRequired),
      row<&ThrottleDevice::rate>("rate", kRequired),
  };
  return kRows;
}

template <>
std::span<const Row> rows<BlockIo>() {
  static constexpr Row kRows[] = {
      row<&BlockIo::weight>("weight"),
      row<&BlockIo::leaf_weight>("leafWeight"),
      row<&BlockIo::weight_device>("weightDevice"),
      row<&BlockIo::throttle_read_bps_device>("throttleReadBpsDevice"),
      row<&BlockIo::throttle_write_bps_device>("throttleWriteBpsDevice"),
      row<&BlockIo::throttle_read_iops_device>("throttleReadIOPSDevice"),
      row<&BlockIo::throttle_write_iops_device>("throttleWriteIOPSDevice"),
  };
  return kRows;
}

template <>
std::span<const Row> rows<HugepageLimit>() {
  static constexpr Row kRows[] = {
      row<&HugepageLimit::page_size>("pageSize", kRequired),
      row<&HugepageLimit::limit>("limit", kRequired),
  };
  return kRows;
}

template <>
std::span<const Row> rows<InterfacePriority>() {
  static constexpr Row kRows[] = {
      row<&InterfacePriority::name>("name", kRequired),
      row<&InterfacePriority::priority>("priority", kRequired),
  };
  return kRows;
}

template <>
std::span<const Row> rows<Network>() {
  static constexpr Row kRows[] = {
      row<&Network::class_id>("classID"),
      row<&Network::priorities>("priorities"),
  };
  return kRows;
}

template <>
std::span<const Row> rows<Rdma>() {
  static constexpr Row kRows[] = {
      row<&Rdma::hca_handles>("hcaHandles"),
      row<&Rdma::hca_objects>("hcaObjects"),
  };
  return kRows;
}

template <>
std::span<const Row> rows<Resources>() {
  static constexpr Row kRows[] = {
      row<&Resources::devices>("devices"),  row<&Resources::memory>("memory"),
      row<&Resources::cpu>("cpu"),          row<&Resources::pids>("pids"),
      row<&Resources::block_io>("blockIO"), row<&Resources::hugepage_limits>("hugepageLimits"),
      row<&Resources::network>("network"),  row<&Resources::rdma>("rdma"),
      row<&Resources::unified>("unified"),
  };
  return kRows;
}

}  // namespace estiva::codec
