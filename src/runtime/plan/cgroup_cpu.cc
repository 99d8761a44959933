// SPDX-License-Identifier: Apache-2.0
// linux.resources.cpu as files of the cpu and cpuset controllers. Pure. Times in microseconds.
#include <cmath>

#include "estiva/base/text.h"
#include "runtime/plan/cgroup_resources.h"

namespace estiva::plan {

namespace {

constexpr uint64_t kDefaultPeriod = 100000;  // cgroup-v2.rst, cpu.max

std::string pointer(std::string_view property) { return resource_pointer(text::cat("cpu/", property)); }

// v1 shares from 2 to 262144 with 1024 as default become weights from 1 to 10000 with 100 as default: a parabola
// through these three points, both scales being logarithmic (runtime-spec issue 1237, systemd and the engines since
// 2025).
uint64_t weight_of_shares(uint64_t shares) {
  if (shares <= 2) return 1;
  if (shares >= 262144) return 10000;
  const double l = std::log2(static_cast<double>(shares));
  return static_cast<uint64_t>(std::ceil(std::pow(10, (l * l + 125 * l) / 612 - 7.0 / 34)));
}

CgroupFile file(std::string_view name, std::string value, std::string_view property) {
  return {.file = std::string(name), .value = std::move(value), .object = pointer(property)};
}

Result<void> add_idle(const spec::Cpu& cpu, std::vector<CgroupFile>& files) {
  if (!cpu.idle.has_value()) return {};
  if (*cpu.idle != 0 && *cpu.idle != 1) {
    return Error::invalid(pointer("idle"), text::cat("must be 0 or 1, not ", *cpu.idle));
  }
  files.push_back(file("cpu.idle", text::cat(*cpu.idle), "idle"));
  files.back().optional = *cpu.idle == 0;
  return {};
}

void add_burst(std::string_view name, const spec::Cpu& cpu, std::vector<CgroupFile>& files) {
  if (!cpu.burst.has_value()) return;
  files.push_back(file(name, text::cat(*cpu.burst), "burst"));
  files.back().optional = *cpu.burst == 0;
}

void add_realtime(const spec::Cpu& cpu, std::vector<CgroupFile>& files) {
  if (cpu.realtime_period.value_or(0) != 0) {
    files.push_back(file("cpu.rt_period_us", text::cat(*cpu.realtime_period), "realtimePeriod"));
    files.back().inherit = true;
  }
  if (cpu.realtime_runtime.value_or(0) != 0) {
    files.push_back(file("cpu.rt_runtime_us", text::cat(*cpu.realtime_runtime), "realtimeRuntime"));
    files.back().inherit = true;
  }
}

}  // namespace

Result<std::vector<CgroupFile>> cpu_v1(const spec::Resources& resources) {
  std::vector<CgroupFile> files;
  if (!resources.cpu.has_value()) return files;
  const spec::Cpu& cpu = *resources.cpu;
  add_realtime(cpu, files);
  if (cpu.shares.value_or(0) != 0) files.push_back(file("cpu.shares", text::cat(*cpu.shares), "shares"));
  if (cpu.period.value_or(0) != 0)
    files.push_back(file("cpu.cfs_period_us", text::cat(*cpu.period), "period"));
  if (cpu.quota.value_or(0) != 0) {
    files.push_back(file("cpu.cfs_quota_us", *cpu.quota < 0 ? "-1" : text::cat(*cpu.quota), "quota"));
    files.back().optional = *cpu.quota < 0;
  }
  add_burst("cpu.cfs_burst_us", cpu, files);
  TRY(add_idle(cpu, files));
  return files;
}

Result<std::vector<CgroupFile>> cpu_v2(const spec::Resources& resources) {
  std::vector<CgroupFile> files;
  if (!resources.cpu.has_value()) return files;
  const spec::Cpu& cpu = *resources.cpu;
  constexpr std::string_view kNoRealtime = "cgroup v2 has no limits of realtime scheduling";
  if (cpu.realtime_runtime.value_or(0) != 0) {
    return Error::unsupported(pointer("realtimeRuntime"), std::string(kNoRealtime));
  }
  if (cpu.realtime_period.value_or(0) != 0) {
    return Error::unsupported(pointer("realtimePeriod"), std::string(kNoRealtime));
  }
  if (cpu.shares.value_or(0) != 0) {
    files.push_back(file("cpu.weight", text::cat(weight_of_shares(*cpu.shares)), "shares"));
  }
  const int64_t quota = cpu.quota.value_or(0);
  const uint64_t period = cpu.period.value_or(0);
  if (quota != 0 || period != 0) {
    const std::string limit = quota > 0 ? text::cat(quota) : "max";
    files.push_back(file("cpu.max", text::cat(limit, ' ', period == 0 ? kDefaultPeriod : period),
                         quota != 0 ? "quota" : "period"));
    files.back().optional = quota <= 0;
  }
  add_burst("cpu.max.burst", cpu, files);
  TRY(add_idle(cpu, files));
  return files;
}

Result<std::vector<CgroupFile>> cpuset(const spec::Resources& resources) {
  std::vector<CgroupFile> files;
  if (!resources.cpu.has_value()) return files;
  if (!resources.cpu->cpus.empty()) files.push_back(file("cpuset.cpus", resources.cpu->cpus, "cpus"));
  if (!resources.cpu->mems.empty()) files.push_back(file("cpuset.mems", resources.cpu->mems, "mems"));
  return files;
}

}  // namespace estiva::plan
