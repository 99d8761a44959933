// SPDX-License-Identifier: Apache-2.0
// The rows of the statistics: names as runc's events has them; rdma is ours.
#include "estiva/base/codec.h"
#include "runtime/cgroup/stats.h"

namespace estiva::codec {

using namespace cgroup;

template <>
std::span<const Row> rows<PressureLine>() {
  static constexpr Row kRows[] = {
      row<&PressureLine::avg10>("avg10", kKeep), row<&PressureLine::avg60>("avg60", kKeep),
      row<&PressureLine::avg300>("avg300", kKeep), row<&PressureLine::total>("total", kKeep)};
  return kRows;
}

template <>
std::span<const Row> rows<Pressure>() {
  static constexpr Row kRows[] = {row<&Pressure::some>("some"), row<&Pressure::full>("full")};
  return kRows;
}

template <>
std::span<const Row> rows<CpuUsage>() {
  static constexpr Row kRows[] = {row<&CpuUsage::total>("total"),
                                  row<&CpuUsage::percpu>("percpu"),
                                  row<&CpuUsage::percpu_kernel>("percpu_kernel"),
                                  row<&CpuUsage::percpu_user>("percpu_user"),
                                  row<&CpuUsage::kernel>("kernel", kKeep),
                                  row<&CpuUsage::user>("user", kKeep)};
  return kRows;
}

template <>
std::span<const Row> rows<Throttling>() {
  static constexpr Row kRows[] = {row<&Throttling::periods>("periods"),
                                  row<&Throttling::throttled_periods>("throttledPeriods"),
                                  row<&Throttling::throttled_time>("throttledTime")};
  return kRows;
}

template <>
std::span<const Row> rows<CpuStats>() {
  static constexpr Row kRows[] = {row<&CpuStats::usage>("usage"), row<&CpuStats::throttling>("throttling"),
                                  row<&CpuStats::pressure>("psi")};
  return kRows;
}

template <>
std::span<const Row> rows<CpusetStats>() {
  using C = CpusetStats;
  static constexpr Row kRows[] = {
      row<&C::cpus>("cpus"),
      row<&C::cpu_exclusive>("cpu_exclusive", kKeep),
      row<&C::mems>("mems"),
      row<&C::mem_hardwall>("mem_hardwall", kKeep),
      row<&C::mem_exclusive>("mem_exclusive", kKeep),
      row<&C::memory_migrate>("memory_migrate", kKeep),
      row<&C::memory_spread_page>("memory_spread_page", kKeep),
      row<&C::memory_spread_slab>("memory_spread_slab", kKeep),
      row<&C::memory_pressure>("memory_pressure", kKeep),
      row<&C::sched_load_balance>("sched_load_balance", kKeep),
      row<&C::sched_relax_domain_level>("sched_relax_domain_level", kKeep),
  };
  return kRows;
}

template <>
std::span<const Row> rows<MemoryEntry>() {
  static constexpr Row kRows[] = {row<&MemoryEntry::limit>("limit", kKeep), row<&MemoryEntry::usage>("usage"),
                                  row<&MemoryEntry::max>("max"),
                                  row<&MemoryEntry::failures>("failcnt", kKeep)};
  return kRows;
}

template <>
std::span<const Row> rows<MemoryStats>() {
  static constexpr Row kRows[] = {row<&MemoryStats::cache>("cache"),
                                  row<&MemoryStats::usage>("usage"),
                                  row<&MemoryStats::swap>("swap"),
                                  row<&MemoryStats::kernel>("kernel"),
                                  row<&MemoryStats::kernel_tcp>("kernelTCP"),
                                  row<&MemoryStats::raw>("raw"),
                                  row<&MemoryStats::pressure>("psi")};
  return kRows;
}

template <>
std::span<const Row> rows<PidsStats>() {
  static constexpr Row kRows[] = {row<&PidsStats::current>("current"), row<&PidsStats::limit>("limit")};
  return kRows;
}

template <>
std::span<const Row> rows<BlockIoEntry>() {
  static constexpr Row kRows[] = {row<&BlockIoEntry::major>("major"), row<&BlockIoEntry::minor>("minor"),
                                  row<&BlockIoEntry::operation>("op"), row<&BlockIoEntry::value>("value")};
  return kRows;
}

template <>
std::span<const Row> rows<BlockIoStats>() {
  using B = BlockIoStats;
  static constexpr Row kRows[] = {
      row<&B::bytes>("ioServiceBytesRecursive"),
      row<&B::operations>("ioServicedRecursive"),
      row<&B::queued>("ioQueueRecursive"),
      row<&B::service_time>("ioServiceTimeRecursive"),
      row<&B::wait_time>("ioWaitTimeRecursive"),
      row<&B::merged>("ioMergedRecursive"),
      row<&B::time>("ioTimeRecursive"),
      row<&B::sectors>("sectorsRecursive"),
      row<&B::pressure>("psi"),
  };
  return kRows;
}

template <>
std::span<const Row> rows<HugetlbStats>() {
  static constexpr Row kRows[] = {row<&HugetlbStats::usage>("usage"), row<&HugetlbStats::max>("max"),
                                  row<&HugetlbStats::failures>("failcnt", kKeep)};
  return kRows;
}

template <>
std::span<const Row> rows<RdmaStats>() {
  static constexpr Row kRows[] = {row<&RdmaStats::current>("current"), row<&RdmaStats::limit>("limit")};
  return kRows;
}

template <>
std::span<const Row> rows<NoStats>() {
  return {};
}

template <>
std::span<const Row> rows<Stats>() {
  static constexpr Row kRows[] = {
      row<&Stats::cpu>("cpu"),
      row<&Stats::cpuset>("cpuset"),
      row<&Stats::memory>("memory"),
      row<&Stats::pids>("pids"),
      row<&Stats::block_io>("blkio"),
      row<&Stats::hugetlb>("hugetlb", kKeep),
      row<&Stats::intel_rdt>("intel_rdt"),
      row<&Stats::network_interfaces>("network_interfaces", kKeep),
      row<&Stats::rdma>("rdma"),
  };
  return kRows;
}

}  // namespace estiva::codec

namespace estiva::cgroup {

std::string to_json(const Stats& stats) { return codec::encode(stats); }

}  // namespace estiva::cgroup
