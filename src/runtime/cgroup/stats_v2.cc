// SPDX-License-Identifier: Apache-2.0
// Statistics of cgroup v2, in the form and units of v1.
#include <algorithm>
#include <limits>

#include "estiva/base/text.h"
#include "runtime/cgroup/stats_read.h"

namespace estiva::cgroup {

namespace {

constexpr uint64_t kMicrosecond = 1000;  // ns
constexpr uint64_t kUnlimited = std::numeric_limits<uint64_t>::max();

struct IoKey {
  std::string_view key, operation;
  std::vector<BlockIoEntry> BlockIoStats::*member;
};
constexpr IoKey kIoKeys[] = {
    {"rbytes", "Read", &BlockIoStats::bytes},     {"wbytes", "Write", &BlockIoStats::bytes},
    {"dbytes", "Discard", &BlockIoStats::bytes},  {"rios", "Read", &BlockIoStats::operations},
    {"wios", "Write", &BlockIoStats::operations}, {"dios", "Discard", &BlockIoStats::operations},
};

}  // namespace

void cpu_stats_v2(const StatsDir& dir, Stats& stats) {
  std::map<std::string, uint64_t> stat = dir.keyed("cpu.stat");
  CpuUsage& usage = stats.cpu.usage;
  usage.total = stat["usage_usec"] * kMicrosecond;
  usage.user = stat["user_usec"] * kMicrosecond;
  usage.kernel = stat["system_usec"] * kMicrosecond;
  stats.cpu.throttling = {stat["nr_periods"], stat["nr_throttled"], stat["throttled_usec"] * kMicrosecond};
}

void cpuset_stats_v2(const StatsDir& dir, Stats& stats) {
  stats.cpuset.cpus = parse_list(dir.text("cpuset.cpus.effective"));
  stats.cpuset.mems = parse_list(dir.text("cpuset.mems.effective"));
}

void memory_stats_v2(const StatsDir& dir, Stats& stats) {
  MemoryStats& out = stats.memory;
  out.raw = dir.keyed("memory.stat");
  out.cache = out.raw.contains("file") ? out.raw["file"] : 0;
  std::map<std::string, uint64_t> events = dir.keyed("memory.events");
  out.usage = {dir.number("memory.max"), dir.number("memory.current"), dir.number("memory.peak"),
               events["max"]};
  // v1 counts memory and swap together.
  const uint64_t swap_limit = dir.number("memory.swap.max");
  const bool limited = swap_limit < kUnlimited - out.usage.limit;
  out.swap = {limited ? swap_limit + out.usage.limit : std::max(swap_limit, out.usage.limit),
              dir.number("memory.swap.current") + out.usage.usage, 0, dir.keyed("memory.swap.events")["max"]};
}

void io_stats_v2(const StatsDir& dir, Stats& stats) {
  for (const std::string& line : text::split(dir.text("io.stat"), '\n')) {
    const std::vector<std::string> words = text::split(line, ' ');
    const std::optional<BlockIoEntry> device = parse_device(words[0]);
    if (!device) continue;
    for (size_t i = 1; i < words.size(); ++i) {
      const size_t equals = words[i].find('=');
      const auto value = text::number<uint64_t>(std::string_view(words[i]).substr(equals + 1));
      const auto row = std::ranges::find(kIoKeys, std::string_view(words[i]).substr(0, equals), &IoKey::key);
      if (row == std::end(kIoKeys) || !value) continue;
      BlockIoEntry entry = *device;
      entry.operation = row->operation;
      entry.value = *value;
      (stats.block_io.*row->member).push_back(std::move(entry));
    }
  }
}

void hugetlb_stats_v2(const StatsDir& dir, Stats& stats) {
  for (const std::string& size : dir.page_sizes(".current")) {
    const std::string prefix = "hugetlb." + size;
    stats.hugetlb[size] = {dir.number(prefix + ".current"), 0, dir.keyed(prefix + ".events")["max"]};
  }
}

}  // namespace estiva::cgroup
