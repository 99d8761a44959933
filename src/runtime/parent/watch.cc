// SPDX-License-Identifier: Apache-2.0
// Waits for what happens to a container.
#include "runtime/parent/watch.h"

#include <errno.h>
#include <fcntl.h>

#include "estiva/base/files.h"
#include "estiva/base/json.h"
#include "estiva/base/sys_process.h"
#include "estiva/base/sys_socket.h"
#include "estiva/base/text.h"
#include "runtime/parent/status.h"

namespace estiva {

namespace {

// "KEY NUMBER" lines; nothing once the cgroup is gone.
Result<std::map<std::string, uint64_t>> read_counters(FdView file) {
  char buffer[4096];
  const size_t size = TRY(sys::pread(file, buffer, sizeof buffer, 0));
  std::map<std::string, uint64_t> out;
  for (const std::string& line : text::split(std::string_view(buffer, size), '\n')) {
    const size_t blank = line.find(' ');
    const auto number = text::number<uint64_t>(std::string_view(line).substr(blank + 1));
    if (blank != std::string::npos && number) out[line.substr(0, blank)] = *number;
  }
  return out;
}

std::string limit_data(std::string_view controller, std::string_view event, uint64_t count, uint64_t total) {
  std::string out;
  json::Writer writer(out);
  writer.begin_object();
  writer.key("controller");
  writer.string(controller);
  writer.key("event");
  writer.string(event);
  writer.key("count");
  writer.number(count);
  writer.key("total");
  writer.number(total);
  writer.end_object();
  return out;
}

std::string pressure_data(const PressureTrigger& trigger) {
  std::string out;
  json::Writer writer(out);
  writer.begin_object();
  writer.key("resource");
  writer.string(trigger.resource);
  writer.key("kind");
  writer.string(trigger.kind);
  writer.end_object();
  return out;
}

Result<Fd> open_init(const Record& record) {
  Result<Fd> pidfd = record.pid == 0 ? Result<Fd>(Fd()) : sys::pidfd_open(record.pid);
  if (pidfd.ok() && init_alive(record)) return pidfd;
  return Error(Code::kState, text::cat("container not running: ", text::quote(record.id), " has stopped"));
}

bool missing(const Error& error) { return error.errnum() == ENOENT || error.errnum() == ENODEV; }

}  // namespace

Result<void> Watch::add_file(const CgroupHierarchy& hierarchy, const Record& record, Kind kind,
                             const std::string& controller) {
  const std::string path = text::cat(hierarchy.mount_point, record.cgroup.path, "/", controller, ".events");
  Result<Fd> opened = sys::open(path, O_RDONLY);
  if (!opened.ok() && missing(opened.error())) return {};
  Source source{kind, controller, TRY(std::move(opened)), POLLPRI, Fd(), {}};
  source.last = TRY(read_counters(source.file));
  sources_.push_back(std::move(source));
  return {};
}

// cgroup-v1/memory.rst, "OOM control".
Result<void> Watch::add_oom_v1(const CgroupHierarchy& hierarchy, const Record& record) {
  const std::string directory = hierarchy.mount_point + record.cgroup.path;
  Result<Fd> control = sys::open(directory + "/memory.oom_control", O_RDONLY);
  if (!control.ok() && missing(control.error())) return {};
  Source source{Kind::kOomV1, "memory", TRY(sys::eventfd()), POLLIN, TRY(std::move(control)), {}};
  TRY(files::write_kernel(FdView::cwd(), directory + "/cgroup.event_control",
                          text::cat(source.file.number(), " ", source.oom_control.number())));
  sources_.push_back(std::move(source));
  return {};
}

Result<void> Watch::add_trigger(const CgroupLayout& layout, const Record& record,
                                const PressureTrigger& trigger) {
  if (layout.unified() == nullptr)
    return Error(Code::kUnsupported, "--psi needs cgroup v2; this host has another layout");
  const std::string path =
      text::cat(layout.unified()->mount_point, record.cgroup.path, "/", trigger.resource, ".pressure");
  Result<Fd> opened = sys::open(path, O_RDWR | O_NONBLOCK);
  if (!opened.ok() && missing(opened.error()))
    return Error(Code::kUnsupported, text::cat("--psi: the cgroup has no ", trigger.resource, ".pressure"))
        .hint("the kernel lacks CONFIG_PSI, or psi=1 on its command line");
  Fd file = TRY(std::move(opened));
  const std::string line = text::cat(trigger.kind, " ", trigger.stall, " ", trigger.window);
  Result<size_t> written = sys::write(file, line.c_str(), line.size() + 1);
  if (!written.ok() && written.error().errnum() == EINVAL) {
    return Error(Code::kInvalid, "--psi: the kernel does not take this stall and window")
        .hint("a window is from 500ms to 10s, and 2s or a multiple of it without CAP_SYS_RESOURCE");
  }
  TRY(std::move(written).context([&] { return text::cat("--psi ", line); }));
  sources_.push_back(Source{Kind::kPressure, pressure_data(trigger), std::move(file), POLLPRI, Fd(), {}});
  return {};
}

Result<void> Watch::add_cgroup(const CgroupLayout& layout, const Record& record) {
  if (record.cgroup.path.empty()) return {};
  if (layout.unified() != nullptr) TRY(add_file(*layout.unified(), record, Kind::kFreezer, "cgroup"));
  const CgroupHierarchy* memory = layout.with_controller("memory");
  if (memory != nullptr && memory->unified) TRY(add_file(*memory, record, Kind::kCounters, "memory"));
  if (memory != nullptr && !memory->unified) TRY(add_oom_v1(*memory, record));
  const CgroupHierarchy* pids = layout.with_controller("pids");
  return pids == nullptr ? Result<void>() : add_file(*pids, record, Kind::kCounters, "pids");
}

Result<Watch> Watch::open(const CgroupLayout& layout, const Record& record,
                          const std::vector<PressureTrigger>& triggers) {
  Watch watch;
  watch.init_ = TRY(open_init(record));
  TRY(watch.add_cgroup(layout, record));
  for (const PressureTrigger& trigger : triggers) TRY(watch.add_trigger(layout, record, trigger));
  return watch;
}

bool Watch::look_at_counters(Source& source, std::vector<Event>& out) {
  Result<std::map<std::string, uint64_t>> read = read_counters(source.file);
  if (!read.ok()) return false;
  for (const auto& [key, total] : read.value()) {
    const uint64_t before = source.last[key];
    if (total <= before) continue;
    if (source.name == "memory" && key == "oom_kill") out.push_back({"oom", ""});
    out.push_back({"limit", limit_data(source.name, key, total - before, total)});
  }
  source.last = std::move(read).value();
  return true;
}

bool Watch::look(Source& source, std::vector<Event>& out) {
  switch (source.kind) {
    case Kind::kCounters:
      return look_at_counters(source, out);
    case Kind::kFreezer: {
      Result<std::map<std::string, uint64_t>> read = read_counters(source.file);
      if (!read.ok()) return false;
      const bool before = source.last["frozen"] == 1, now = read.value()["frozen"] == 1;
      if (now != before) out.push_back({now ? "pause" : "resume", ""});
      source.last = std::move(read).value();
      return true;
    }
    case Kind::kOomV1: {
      uint64_t count = 0;
      if (!sys::read(source.file, &count, sizeof count).ok()) return true;  // nothing yet
      // The kernel also tells of the cgroup's removal this way.
      if (!read_counters(source.oom_control).ok()) return false;
      out.push_back({"oom", ""});
      return true;
    }
    case Kind::kPressure:
      out.push_back({"pressure", source.name});
      return true;
  }
  return false;
}

Result<std::vector<Event>> Watch::wait(int timeout_ms) {
  std::vector<struct pollfd> polled;
  for (const Source& source : sources_) polled.push_back({source.file.number(), source.wanted, 0});
  polled.push_back({init_.number(), POLLIN, 0});
  const bool idle = TRY(sys::poll(polled, timeout_ms)) == 0;
  ended_ = polled.back().revents != 0;

  std::vector<Event> out;
  for (size_t i = sources_.size(); i-- > 0;) {
    const short seen = polled[i].revents;
    const bool pressure = sources_[i].kind == Kind::kPressure;
    // At the end once more: what ended it may have been told at the same moment. And when time is up: v1 counts how often
    // the limit of pids was met but tells nobody (Linux 6.11 and later).
    if (seen == 0 && (pressure || !(ended_ || idle))) continue;
    const bool gone = pressure && (seen & POLLERR) != 0;
    if (gone || !look(sources_[i], out)) sources_.erase(sources_.begin() + static_cast<ptrdiff_t>(i));
  }
  if (ended_) out.push_back({"exit", ""});
  return out;
}

}  // namespace estiva
