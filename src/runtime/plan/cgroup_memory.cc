// SPDX-License-Identifier: Apache-2.0
// linux.resources.memory as files of the memory controller. Pure.
#include "estiva/base/text.h"
#include "runtime/plan/cgroup_resources.h"

namespace estiva::plan {

namespace {

constexpr int64_t kUnlimited = -1;
// An engine's "leave it", a -1 that went through an unsigned type.
constexpr uint64_t kUnsetSwappiness = UINT64_MAX;

std::string pointer(std::string_view property) { return resource_pointer(text::cat("memory/", property)); }

// Bytes, or nothing for 0 and an absent number.
Result<std::optional<int64_t>> bytes(const std::optional<int64_t>& value, std::string_view property) {
  if (value.value_or(0) < kUnlimited) {
    return Error::invalid(pointer(property),
                          text::cat("must be -1 (unlimited) or a number of bytes, not ", *value));
  }
  if (value.value_or(0) == 0) return std::optional<int64_t>();
  return value;
}

CgroupFile limit_file(std::string_view file, int64_t value, std::string_view unlimited,
                      std::string_view property) {
  CgroupFile out{.file = std::string(file), .object = pointer(property)};
  out.value = value == kUnlimited ? std::string(unlimited) : text::cat(value);
  // Without the file there is no such limit.
  out.optional = value == kUnlimited;
  return out;
}

struct LimitRow {
  std::string_view file;
  std::optional<int64_t> spec::Memory::*value;
  std::string_view property;
};

Result<void> check_swap(const spec::Memory& memory) {
  const int64_t limit = memory.limit.value_or(0), swap = memory.swap.value_or(0);
  if (swap <= 0 || limit == kUnlimited) return {};
  if (limit == 0) {
    return Error::invalid(pointer("swap"), "needs memory.limit: it is the limit of memory and swap together");
  }
  if (swap < limit) {
    return Error::invalid(pointer("swap"), text::cat(swap, " is less than memory.limit, ", limit,
                                                     ": it is the limit of memory and swap together"));
  }
  return {};
}

bool asks_swappiness(const spec::Memory& memory) {
  return memory.swappiness.value_or(kUnsetSwappiness) != kUnsetSwappiness;
}

// What cgroup v2 can't do.
Result<void> refuse_v1_only(const spec::Memory& memory) {
  if (memory.kernel.value_or(0) > 0) {
    return Error::unsupported(pointer("kernel"), "cgroup v2 has no limit of kernel memory alone");
  }
  if (memory.kernel_tcp.value_or(0) > 0) {
    return Error::unsupported(pointer("kernelTCP"), "cgroup v2 has no limit of TCP buffers alone");
  }
  if (asks_swappiness(memory)) {
    return Error::unsupported(pointer("swappiness"), "cgroup v2 has no swappiness of a cgroup");
  }
  if (memory.disable_oom_killer.value_or(false)) {
    return Error::unsupported(pointer("disableOOMKiller"), "cgroup v2 can't disable the OOM killer");
  }
  if (!memory.use_hierarchy.value_or(true)) {
    return Error::unsupported(pointer("useHierarchy"), "cgroup v2 always accounts the whole subtree");
  }
  return {};
}

}  // namespace

Result<std::optional<int64_t>> swap_alone(const spec::Memory& memory) {
  TRY(check_swap(memory));
  const int64_t limit = memory.limit.value_or(0), swap = memory.swap.value_or(0);
  if (limit == kUnlimited && swap == 0) return std::optional<int64_t>(kUnlimited);
  if (swap == 0) return std::optional<int64_t>();
  if (swap == kUnlimited || limit == kUnlimited) return std::optional<int64_t>(swap);
  return std::optional<int64_t>(swap - limit);
}

Result<std::vector<CgroupFile>> memory_v1(const spec::Resources& resources) {
  std::vector<CgroupFile> files;
  if (!resources.memory.has_value()) return files;
  const spec::Memory& memory = *resources.memory;
  if (memory.use_hierarchy.has_value()) {
    // Always 1 since Linux 5.11.
    files.push_back({.file = "memory.use_hierarchy",
                     .value = *memory.use_hierarchy ? "1" : "0",
                     .optional = *memory.use_hierarchy,
                     .object = pointer("useHierarchy")});
  }
  TRY(check_swap(memory));
  if (memory.limit == kUnlimited && memory.swap.value_or(0) > 0) {
    return Error::unsupported(pointer("swap"), "cgroup v1 can't limit swap while memory.limit is -1");
  }
  constexpr LimitRow kLimits[] = {
      {"memory.limit_in_bytes", &spec::Memory::limit, "limit"},
      {"memory.memsw.limit_in_bytes", &spec::Memory::swap, "swap"},
      {"memory.soft_limit_in_bytes", &spec::Memory::reservation, "reservation"},
      {"memory.kmem.limit_in_bytes", &spec::Memory::kernel, "kernel"},
      {"memory.kmem.tcp.limit_in_bytes", &spec::Memory::kernel_tcp, "kernelTCP"},
  };
  for (const LimitRow& row : kLimits) {
    const std::optional<int64_t> value = TRY(bytes(memory.*row.value, row.property));
    if (value.has_value()) files.push_back(limit_file(row.file, *value, "-1", row.property));
    // It can't be above the limit of both, so an unlimited one lifts that too.
    const bool lifts_swap = row.value == &spec::Memory::limit && value == kUnlimited;
    if (lifts_swap && memory.swap.value_or(0) == 0)
      files.push_back(limit_file("memory.memsw.limit_in_bytes", kUnlimited, "-1", "limit"));
  }
  if (asks_swappiness(memory)) {
    if (*memory.swappiness > 100) {
      return Error::invalid(pointer("swappiness"),
                            text::cat("must be from 0 to 100, not ", *memory.swappiness));
    }
    files.push_back({.file = "memory.swappiness",
                     .value = text::cat(*memory.swappiness),
                     .object = pointer("swappiness")});
  }
  if (memory.disable_oom_killer.value_or(false)) {
    files.push_back({.file = "memory.oom_control", .value = "1", .object = pointer("disableOOMKiller")});
  }
  return files;
}

Result<std::vector<CgroupFile>> memory_v2(const spec::Resources& resources) {
  std::vector<CgroupFile> files;
  if (!resources.memory.has_value()) return files;
  const spec::Memory& memory = *resources.memory;
  TRY(refuse_v1_only(memory));
  const std::optional<int64_t> limit = TRY(bytes(memory.limit, "limit"));
  if (limit.has_value()) files.push_back(limit_file("memory.max", *limit, "max", "limit"));
  TRY(bytes(memory.swap, "swap"));
  const std::optional<int64_t> swap = TRY(swap_alone(memory));
  if (swap.has_value()) {
    files.push_back(limit_file("memory.swap.max", *swap, "max", "swap"));
    // A kernel without swap accounting has no file and, for "none", nothing to limit.
    files.back().optional = *swap <= 0;
  }
  const std::optional<int64_t> reservation = TRY(bytes(memory.reservation, "reservation"));
  if (reservation.has_value()) files.push_back(limit_file("memory.low", *reservation, "max", "reservation"));
  return files;
}

}  // namespace estiva::plan
