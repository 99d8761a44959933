// SPDX-License-Identifier: Apache-2.0
// Files of cgroup v1 and v2.
#include "shim/usage.h"

#include <fcntl.h>

#include <optional>

#include "estiva/base/files.h"
#include "estiva/base/sys.h"
#include "estiva/base/text.h"

namespace estiva::shim {

namespace {

constexpr size_t kMaxFile = 64 << 10;

struct Places {
  std::string memory, cpu, unified;  // paths below the hierarchy's root; empty: none
};

Places places_of(pid_t pid) {
  Places out;
  const std::string file = text::cat("/proc/", pid, "/cgroup");
  const Result<std::string> content = files::read_all(FdView::cwd(), file, kMaxFile);
  if (!content.ok()) return out;
  for (const std::string& line : text::split(content.value(), '\n')) {
    const size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == line.npos || second == line.npos) continue;
    const std::string path = line.substr(second + 1);
    const std::vector<std::string> names = text::split(line.substr(first + 1, second - first - 1), ',');
    for (const std::string& name : names) {
      if (name == "memory") out.memory = path;
      if (name == "cpuacct") out.cpu = path;
      if (name.empty()) out.unified = path;
    }
  }
  return out;
}

Fd open_first(const std::vector<std::string>& paths) {
  for (const std::string& path : paths) {
    Result<Fd> file = sys::open(path, O_RDONLY);
    if (file.ok()) return std::move(file).value();
  }
  return Fd();
}

// The number behind `key`, or all of the file if that is empty.
std::optional<uint64_t> value_in(FdView file, std::string_view key) {
  if (!file.valid()) return std::nullopt;
  char buffer[4096];
  const Result<size_t> size = sys::pread(file, buffer, sizeof buffer, 0);
  if (!size.ok()) return std::nullopt;
  const std::string_view content(buffer, size.value());
  if (key.empty()) return text::number<uint64_t>(text::trim(content));
  for (const std::string& line : text::split(content, '\n'))
    if (line.starts_with(key) && line.size() > key.size() && line[key.size()] == ' ')
      return text::number<uint64_t>(line.substr(key.size() + 1));
  return std::nullopt;
}

}  // namespace

Usage Usage::of(pid_t pid) {
  const Places places = places_of(pid);
  const auto v1 = [](const char* controller, const std::string& path, const char* file) {
    return path.empty() ? "" : text::cat("/sys/fs/cgroup/", controller, path, "/", file);
  };
  const std::string v2 = text::cat("/sys/fs/cgroup", places.unified, "/");
  Usage out;
  out.oom_ = open_first({v1("memory", places.memory, "memory.oom_control"), text::cat(v2, "memory.events")});
  out.peak_ =
      open_first({v1("memory", places.memory, "memory.max_usage_in_bytes"), text::cat(v2, "memory.peak")});
  out.cpu_ = open_first({v1("cpuacct", places.cpu, "cpuacct.usage")});
  if (!out.cpu_.valid()) {
    out.cpu_ = open_first({text::cat(v2, "cpu.stat")});
    out.cpu_in_us_ = true;
  }
  return out;
}

void Usage::read(ExitRecord& record) const {
  record.oom = value_in(oom_, "oom_kill").value_or(0) > 0;
  record.memory_peak = value_in(peak_, "").value_or(0);
  record.cpu_ns =
      cpu_in_us_ ? value_in(cpu_, "usage_usec").value_or(0) * 1000 : value_in(cpu_, "").value_or(0);
}

}  // namespace estiva::shim
