// SPDX-License-Identifier: Apache-2.0
// Reads the statistics of one controller's directory. Between stats.cc and its parts for v1 and v2.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "estiva/base/fd.h"
#include "runtime/cgroup/stats.h"

namespace estiva::cgroup {

// The cgroup's directory in one hierarchy.
class StatsDir {
 public:
  explicit StatsDir(Fd dir) : dir_(std::move(dir)) {}

  // Empty where there is no such file.
  std::string text(const std::string& file) const;
  // 0 where there is none; the greatest number for "max".
  uint64_t number(const std::string& file) const;
  // "KEY NUMBER" lines.
  std::map<std::string, uint64_t> keyed(const std::string& file) const;
  std::optional<Pressure> pressure(const std::string& file) const;
  // Page sizes of the files hugetlb.SIZE`suffix`.
  std::vector<std::string> page_sizes(std::string_view suffix) const;

 private:
  Fd dir_;
};

// The parts of what `file` shows of one device: "mlx4_0 hca_handle=2 hca_object=max".
void read_rdma(const StatsDir& dir, Stats& stats);
// "0-3,6" as numbers.
std::vector<uint16_t> parse_list(std::string_view list);
// "8:0" or nothing.
std::optional<BlockIoEntry> parse_device(std::string_view word);

void cpu_stats_v1(const StatsDir& dir, Stats& stats);
void cpuacct_stats_v1(const StatsDir& dir, Stats& stats);
void cpuset_stats_v1(const StatsDir& dir, Stats& stats);
void memory_stats_v1(const StatsDir& dir, Stats& stats);
void block_io_stats_v1(const StatsDir& dir, Stats& stats);
void hugetlb_stats_v1(const StatsDir& dir, Stats& stats);
void cpu_stats_v2(const StatsDir& dir, Stats& stats);
void cpuset_stats_v2(const StatsDir& dir, Stats& stats);
void memory_stats_v2(const StatsDir& dir, Stats& stats);
void io_stats_v2(const StatsDir& dir, Stats& stats);
void hugetlb_stats_v2(const StatsDir& dir, Stats& stats);
// The same files on both.
void pids_stats(const StatsDir& dir, Stats& stats);

}  // namespace estiva::cgroup
