// SPDX-License-Identifier: Apache-2.0
// What to write to a cgroup file so that it is again as it was.
#include "runtime/cgroup/old_value.h"

#include "estiva/base/text.h"

namespace estiva::cgroup {

namespace {

// A file with a line for each device, and what an absent line stands for. A name ends in "." for all that begin so.
struct KeyedFile {
  std::string_view name;
  std::string_view absent;
};
constexpr KeyedFile kKeyed[] = {
    {"io.max", "rbps=max wbps=max riops=max wiops=max"},
    {"io.weight", "default"},
    {"io.bfq.weight", "default"},
    {"blkio.bfq.weight_device", "default"},
    {"blkio.weight_device", "0"},
    {"blkio.leaf_weight_device", "0"},
    {"blkio.throttle.", "0"},
    {"rdma.max", "hca_handle=max hca_object=max"},
    {"net_prio.ifpriomap", "0"},
    {"io.latency", "target=0"},
};

const KeyedFile* find_keyed(std::string_view file) {
  for (const KeyedFile& row : kKeyed) {
    if (file == row.name || (row.name.ends_with('.') && file.starts_with(row.name))) return &row;
  }
  return nullptr;
}

}  // namespace

std::string old_value(std::string_view file, std::string_view written, std::string_view content) {
  const std::vector<std::string> lines = text::split(content, '\n');
  const size_t blank = written.find(' ');
  const KeyedFile* keyed = find_keyed(file);
  if (keyed != nullptr && blank != std::string_view::npos) {
    const std::string key(written.substr(0, blank + 1));
    for (const std::string& line : lines) {
      if (line.starts_with(key)) return line;
    }
    return key + std::string(keyed->absent);
  }
  constexpr std::string_view kOomSwitch = "oom_kill_disable ";
  if (lines[0].starts_with(kOomSwitch)) return lines[0].substr(kOomSwitch.size());
  // An empty cpuset: the kernel takes no write of nothing.
  return lines[0].empty() ? "\n" : lines[0];
}

}  // namespace estiva::cgroup
