// SPDX-License-Identifier: Apache-2.0
// The kernel's names of scheduling and memory placement, each once. Numbers are the kernel's ABI, written out because
// the C library's headers know only some.
#include "runtime/plan/names.h"

namespace estiva::names {

namespace {

constexpr Value kSchedulerPolicies[] = {
    {"SCHED_OTHER", kSchedOther},       {"SCHED_FIFO", kSchedFifo}, {"SCHED_RR", kSchedRr},
    {"SCHED_BATCH", kSchedBatch},       {"SCHED_ISO", kSchedIso},   {"SCHED_IDLE", kSchedIdle},
    {"SCHED_DEADLINE", kSchedDeadline},
};

// linux/sched.h
constexpr Value kSchedulerFlags[] = {
    {"SCHED_FLAG_RESET_ON_FORK", 0x01},
    {"SCHED_FLAG_RECLAIM", 0x02},
    {"SCHED_FLAG_DL_OVERRUN", 0x04},
    {"SCHED_FLAG_KEEP_POLICY", kSchedKeepPolicy},
    {"SCHED_FLAG_KEEP_PARAMS", kSchedKeepParams},
    {"SCHED_FLAG_UTIL_CLAMP_MIN", 0x20},
    {"SCHED_FLAG_UTIL_CLAMP_MAX", 0x40},
};

// linux/ioprio.h
constexpr Value kIoClasses[] = {
    {"IOPRIO_CLASS_RT", 1},
    {"IOPRIO_CLASS_BE", 2},
    {"IOPRIO_CLASS_IDLE", 3},
};

// linux/mempolicy.h
constexpr Value kMemoryModes[] = {
    {"MPOL_DEFAULT", kMemoryDefault}, {"MPOL_PREFERRED", kMemoryPreferred},
    {"MPOL_BIND", kMemoryBind},       {"MPOL_INTERLEAVE", 3},
    {"MPOL_LOCAL", kMemoryLocal},     {"MPOL_PREFERRED_MANY", kMemoryPreferredMany},
    {"MPOL_WEIGHTED_INTERLEAVE", 6},
};

constexpr Value kMemoryFlags[] = {
    {"MPOL_F_NUMA_BALANCING", kMemoryBalancing},
    {"MPOL_F_RELATIVE_NODES", kMemoryRelative},
    {"MPOL_F_STATIC_NODES", kMemoryStatic},
};

}  // namespace

std::span<const Value> scheduler_policies() { return kSchedulerPolicies; }
std::span<const Value> scheduler_flags() { return kSchedulerFlags; }
std::span<const Value> io_classes() { return kIoClasses; }
std::span<const Value> memory_modes() { return kMemoryModes; }
std::span<const Value> memory_flags() { return kMemoryFlags; }

std::optional<unsigned> find(std::span<const Value> table, std::string_view name) {
  for (const Value& value : table) {
    if (value.name == name) return value.number;
  }
  return std::nullopt;
}

std::vector<std::string_view> all(std::span<const Value> table) {
  std::vector<std::string_view> names;
  for (const Value& value : table) names.push_back(value.name);
  return names;
}

}  // namespace estiva::names
