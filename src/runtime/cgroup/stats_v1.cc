// SPDX-License-Identifier: Apache-2.0
// Statistics of the v1 controllers.
#include "estiva/base/text.h"
#include "runtime/cgroup/stats_read.h"

namespace estiva::cgroup {

namespace {

MemoryEntry memory_entry(const StatsDir& dir, const std::string& prefix) {
  return {dir.number(prefix + ".limit_in_bytes"), dir.number(prefix + ".usage_in_bytes"),
          dir.number(prefix + ".max_usage_in_bytes"), dir.number(prefix + ".failcnt")};
}

std::vector<uint64_t> numbers(const std::string& line) {
  std::vector<uint64_t> out;
  for (const std::string& word : text::split(line, ' ')) {
    if (const auto number = text::number<uint64_t>(text::trim(word))) out.push_back(*number);
  }
  return out;
}

// "8:0 Read 4096", or "8:0 4096" where a file counts no operations; "Total 4096" ends it.
std::vector<BlockIoEntry> entries(const std::string& content) {
  std::vector<BlockIoEntry> out;
  for (const std::string& line : text::split(content, '\n')) {
    const std::vector<std::string> words = text::split(line, ' ');
    std::optional<BlockIoEntry> entry = parse_device(words[0]);
    const auto value = text::number<uint64_t>(words.back());
    if (!entry || !value || words.size() < 2) continue;
    if (words.size() > 2) entry->operation = words[1];
    entry->value = *value;
    out.push_back(std::move(*entry));
  }
  return out;
}

struct BlockIoRow {
  std::string_view file;
  std::vector<BlockIoEntry> BlockIoStats::*member;
};
constexpr BlockIoRow kBlockIo[] = {
    {"io_service_bytes", &BlockIoStats::bytes},
    {"io_serviced", &BlockIoStats::operations},
    {"io_queued", &BlockIoStats::queued},
    {"io_service_time", &BlockIoStats::service_time},
    {"io_wait_time", &BlockIoStats::wait_time},
    {"io_merged", &BlockIoStats::merged},
    {"time", &BlockIoStats::time},
    {"sectors", &BlockIoStats::sectors},
};
// BFQ counts what it schedules, CFQ (before Linux 5.0) did; the throttler counts whatever passes.
constexpr std::string_view kCounters[] = {"blkio.bfq.", "blkio.", "blkio.throttle."};

}  // namespace

void cpu_stats_v1(const StatsDir& dir, Stats& stats) {
  std::map<std::string, uint64_t> stat = dir.keyed("cpu.stat");
  stats.cpu.throttling = {stat["nr_periods"], stat["nr_throttled"], stat["throttled_time"]};
}

void cpuacct_stats_v1(const StatsDir& dir, Stats& stats) {
  constexpr uint64_t kTick = 10000000;  // ns: USER_HZ is 100 everywhere
  CpuUsage& usage = stats.cpu.usage;
  std::map<std::string, uint64_t> stat = dir.keyed("cpuacct.stat");
  usage.kernel = stat["system"] * kTick;
  usage.user = stat["user"] * kTick;
  usage.total = dir.number("cpuacct.usage");
  usage.percpu = numbers(dir.text("cpuacct.usage_percpu"));
  // "cpu user system" and a line for each processor.
  for (const std::string& line : text::split(dir.text("cpuacct.usage_all"), '\n')) {
    const std::vector<uint64_t> row = numbers(line);
    if (row.size() < 3) continue;
    usage.percpu_user.push_back(row[1]);
    usage.percpu_kernel.push_back(row[2]);
  }
}

void cpuset_stats_v1(const StatsDir& dir, Stats& stats) {
  CpusetStats& out = stats.cpuset;
  out.cpus = parse_list(dir.text("cpuset.cpus"));
  out.mems = parse_list(dir.text("cpuset.mems"));
  out.cpu_exclusive = dir.number("cpuset.cpu_exclusive");
  out.mem_hardwall = dir.number("cpuset.mem_hardwall");
  out.mem_exclusive = dir.number("cpuset.mem_exclusive");
  out.memory_migrate = dir.number("cpuset.memory_migrate");
  out.memory_spread_page = dir.number("cpuset.memory_spread_page");
  out.memory_spread_slab = dir.number("cpuset.memory_spread_slab");
  out.memory_pressure = dir.number("cpuset.memory_pressure");
  out.sched_load_balance = dir.number("cpuset.sched_load_balance");
  const std::string level = dir.text("cpuset.sched_relax_domain_level");
  out.sched_relax_domain_level = text::number<int64_t>(text::trim(level)).value_or(0);
}

void memory_stats_v1(const StatsDir& dir, Stats& stats) {
  MemoryStats& out = stats.memory;
  out.raw = dir.keyed("memory.stat");
  out.cache = out.raw.contains("cache") ? out.raw["cache"] : 0;
  out.usage = memory_entry(dir, "memory");
  out.swap = memory_entry(dir, "memory.memsw");
  out.kernel = memory_entry(dir, "memory.kmem");
  out.kernel_tcp = memory_entry(dir, "memory.kmem.tcp");
}

void block_io_stats_v1(const StatsDir& dir, Stats& stats) {
  for (const BlockIoRow& row : kBlockIo) {
    for (const std::string_view counter : kCounters) {
      std::vector<BlockIoEntry>& out = stats.block_io.*row.member;
      out = entries(dir.text(text::cat(counter, row.file, "_recursive")));
      if (out.empty()) out = entries(dir.text(text::cat(counter, row.file)));
      if (!out.empty()) break;
    }
  }
}

void hugetlb_stats_v1(const StatsDir& dir, Stats& stats) {
  for (const std::string& size : dir.page_sizes(".usage_in_bytes")) {
    const MemoryEntry entry = memory_entry(dir, "hugetlb." + size);
    stats.hugetlb[size] = {entry.usage, entry.max, entry.failures};
  }
}

}  // namespace estiva::cgroup
