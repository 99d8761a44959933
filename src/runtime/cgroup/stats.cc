// SPDX-License-Identifier: Apache-2.0
// Statistics of a cgroup: from each hierarchy what it has, and the words that the files are made of.
#include "runtime/cgroup/stats.h"

#include <fcntl.h>

#include <limits>

#include "estiva/base/files.h"
#include "estiva/base/text.h"
#include "runtime/cgroup/stats_read.h"
#include "runtime/cgroup/tree.h"

namespace estiva::cgroup {

namespace {

constexpr size_t kLargestFile = 1 << 20;

using Read = void (*)(const StatsDir&, Stats&);
struct ControllerRow {
  std::string_view v1;
  Read read_v1, read_v2;  // null: nothing to read
};
constexpr ControllerRow kRows[] = {
    {"cpuacct", cpuacct_stats_v1, cpu_stats_v2},
    {"cpu", cpu_stats_v1, nullptr},  // v2: read with the usage
    {"cpuset", cpuset_stats_v1, cpuset_stats_v2},
    {"memory", memory_stats_v1, memory_stats_v2},
    {"pids", pids_stats, pids_stats},
    {"blkio", block_io_stats_v1, io_stats_v2},
    {"hugetlb", hugetlb_stats_v1, hugetlb_stats_v2},
    {"rdma", read_rdma, read_rdma},
};

PressureLine parse_pressure(std::string_view line) {
  PressureLine out;
  for (const std::string& word : text::split(line, ' ')) {
    const size_t equals = word.find('=');
    if (equals == std::string::npos) continue;
    const std::string_view key = std::string_view(word).substr(0, equals);
    const std::string_view value = std::string_view(word).substr(equals + 1);
    const double number = text::fraction(value).value_or(0);
    if (key == "avg10") out.avg10 = number;
    if (key == "avg60") out.avg60 = number;
    if (key == "avg300") out.avg300 = number;
    if (key == "total") out.total = text::number<uint64_t>(value).value_or(0);
  }
  return out;
}

Result<StatsDir> open_dir(const CgroupHierarchy& hierarchy, const CgroupRecord& record) {
  Result<Fd> dir = sys::open(hierarchy.mount_point + record.path, O_RDONLY | O_DIRECTORY);
  if (!dir.ok() && vanished(dir.error()))
    return Error(Code::kState, text::cat("the container's cgroup ", record.path, " has vanished"));
  return StatsDir(TRY(std::move(dir)));
}

}  // namespace

std::string StatsDir::text(const std::string& file) const {
  const Result<Fd> open = sys::openat(dir_, file, O_RDONLY);
  if (!open.ok()) return "";
  Result<std::string> content = files::read_fd(open.value(), kLargestFile);
  return content.ok() ? std::move(content).value() : std::string();
}

uint64_t StatsDir::number(const std::string& file) const {
  const std::string content = text(file);
  const std::string_view word = text::trim(content);
  return word == "max" ? std::numeric_limits<uint64_t>::max() : text::number<uint64_t>(word).value_or(0);
}

std::map<std::string, uint64_t> StatsDir::keyed(const std::string& file) const {
  std::map<std::string, uint64_t> out;
  for (const std::string& line : text::split(text(file), '\n')) {
    const size_t blank = line.find(' ');
    if (blank == std::string::npos) continue;
    const auto number = text::number<uint64_t>(text::trim(std::string_view(line).substr(blank)));
    if (number) out[line.substr(0, blank)] = *number;
  }
  return out;
}

std::optional<Pressure> StatsDir::pressure(const std::string& file) const {
  const std::string content = text(file);
  if (content.empty()) return std::nullopt;
  Pressure out;
  for (const std::string& line : text::split(content, '\n')) {
    if (line.starts_with("some ")) out.some = parse_pressure(line);
    if (line.starts_with("full ")) out.full = parse_pressure(line);
  }
  return out;
}

std::vector<std::string> StatsDir::page_sizes(std::string_view suffix) const {
  constexpr std::string_view kPrefix = "hugetlb.";
  std::vector<std::string> sizes;
  const Result<std::vector<std::string>> names = files::list(dir_);
  if (!names.ok()) return sizes;
  for (const std::string& name : names.value()) {
    if (!name.starts_with(kPrefix) || !name.ends_with(suffix)) continue;
    std::string size = name.substr(kPrefix.size(), name.size() - kPrefix.size() - suffix.size());
    if (size.find('.') == std::string::npos) sizes.push_back(std::move(size));
  }
  return sizes;
}

std::vector<uint16_t> parse_list(std::string_view list) {
  std::vector<uint16_t> out;
  for (const std::string& range : text::split(text::trim(list), ',')) {
    const size_t dash = range.find('-');
    const auto first = text::number<uint16_t>(std::string_view(range).substr(0, dash));
    const auto last =
        dash == std::string::npos ? first : text::number<uint16_t>(std::string_view(range).substr(dash + 1));
    for (uint32_t i = first.value_or(1); first && last && i <= *last; ++i)
      out.push_back(static_cast<uint16_t>(i));
  }
  return out;
}

std::optional<BlockIoEntry> parse_device(std::string_view word) {
  const size_t colon = word.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto major = text::number<uint64_t>(word.substr(0, colon));
  const auto minor = text::number<uint64_t>(word.substr(colon + 1));
  if (!major || !minor) return std::nullopt;
  return BlockIoEntry{*major, *minor, "", 0};
}

static void read_rdma_file(const StatsDir& dir, const std::string& file,
                           std::map<std::string, uint64_t> RdmaStats::*part, Stats& stats) {
  for (const std::string& line : text::split(dir.text(file), '\n')) {
    const std::vector<std::string> words = text::split(line, ' ');
    for (size_t i = 1; i < words.size(); ++i) {
      const size_t equals = words[i].find('=');
      const auto number = text::number<uint64_t>(std::string_view(words[i]).substr(equals + 1));
      if (equals != std::string::npos && number)
        (stats.rdma[words[0]].*part)[words[i].substr(0, equals)] = *number;
    }
  }
}

void read_rdma(const StatsDir& dir, Stats& stats) {
  read_rdma_file(dir, "rdma.current", &RdmaStats::current, stats);
  read_rdma_file(dir, "rdma.max", &RdmaStats::limit, stats);
}

void pids_stats(const StatsDir& dir, Stats& stats) {
  stats.pids.current = dir.number("pids.current");
  const uint64_t limit = dir.number("pids.max");
  stats.pids.limit = limit == std::numeric_limits<uint64_t>::max() ? 0 : limit;
}

Result<Stats> read_stats(const CgroupLayout& layout, const CgroupRecord& record) {
  Stats stats;
  std::optional<StatsDir> unified;
  if (layout.unified() != nullptr) unified.emplace(TRY(open_dir(*layout.unified(), record)));
  for (const ControllerRow& row : kRows) {
    const CgroupHierarchy* v1 = layout.with_controller(row.v1);
    if (v1 != nullptr && !v1->unified) {
      row.read_v1(TRY(open_dir(*v1, record)), stats);
    } else if (unified && row.read_v2 != nullptr) {
      row.read_v2(*unified, stats);
    }
  }
  if (!unified) return stats;
  stats.cpu.pressure = unified->pressure("cpu.pressure");
  stats.memory.pressure = unified->pressure("memory.pressure");
  stats.block_io.pressure = unified->pressure("io.pressure");
  return stats;
}

}  // namespace estiva::cgroup
