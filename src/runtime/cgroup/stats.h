// SPDX-License-Identifier: Apache-2.0
// What a cgroup has used, as numbers of the kernel's files: v1 and v2 in one form, that of runc's events, which engines
// read. The host side only; changes nothing.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "estiva/base/error.h"
#include "runtime/cgroup/record.h"
#include "runtime/plan/cgroup_layout.h"

namespace estiva::cgroup {

// Pressure stall information (psi.rst): per cent of the last seconds, microseconds in total.
struct PressureLine {
  double avg10 = 0, avg60 = 0, avg300 = 0;
  uint64_t total = 0;
};
struct Pressure {
  PressureLine some, full;
};

// Nanoseconds.
struct CpuUsage {
  uint64_t total = 0, kernel = 0, user = 0;
  std::vector<uint64_t> percpu, percpu_kernel, percpu_user;  // v1 only
};
struct Throttling {
  uint64_t periods = 0, throttled_periods = 0, throttled_time = 0;
};
struct CpuStats {
  CpuUsage usage;
  Throttling throttling;
  std::optional<Pressure> pressure;
};

struct CpusetStats {
  std::vector<uint16_t> cpus, mems;
  // v1 only.
  uint64_t cpu_exclusive = 0, mem_hardwall = 0, mem_exclusive = 0, memory_migrate = 0, memory_spread_page = 0,
           memory_spread_slab = 0, memory_pressure = 0, sched_load_balance = 0;
  int64_t sched_relax_domain_level = 0;
};

// Bytes; a limit that is none is the greatest number.
struct MemoryEntry {
  uint64_t limit = 0, usage = 0, max = 0, failures = 0;
};
struct MemoryStats {
  uint64_t cache = 0;
  MemoryEntry usage;
  MemoryEntry swap;  // with memory, as v1 counts
  MemoryEntry kernel, kernel_tcp;
  std::map<std::string, uint64_t> raw;  // memory.stat
  std::optional<Pressure> pressure;
};

struct PidsStats {
  uint64_t current = 0, limit = 0;  // 0: none
};

struct BlockIoEntry {
  uint64_t major = 0, minor = 0;
  std::string operation;
  uint64_t value = 0;
};
struct BlockIoStats {
  std::vector<BlockIoEntry> bytes, operations, queued, service_time, wait_time, merged, time, sectors;
  std::optional<Pressure> pressure;
};

struct HugetlbStats {
  uint64_t usage = 0, max = 0, failures = 0;
};

struct RdmaStats {
  std::map<std::string, uint64_t> current, limit;  // hca_handle, hca_object
};

struct NoStats {};

struct Stats {
  CpuStats cpu;
  CpusetStats cpuset;
  MemoryStats memory;
  PidsStats pids;
  BlockIoStats block_io;
  std::map<std::string, HugetlbStats> hugetlb;  // by page size
  NoStats intel_rdt;
  std::optional<bool> network_interfaces;  // null, as runc has it for a network that engines made
  std::map<std::string, RdmaStats> rdma;   // by device
};

// A file that is not there counts as 0. Code::kState when the cgroup has vanished.
Result<Stats> read_stats(const CgroupLayout& layout, const CgroupRecord& record);

std::string to_json(const Stats& stats);

}  // namespace estiva::cgroup
