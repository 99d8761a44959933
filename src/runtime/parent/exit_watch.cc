// SPDX-License-Identifier: Apache-2.0
// The watcher. It is a copy of us that gives up what it can (base/small.h): after that it takes no memory but its stack,
// and formats its few lines there.
#include "runtime/parent/exit_watch.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>

#include "estiva/base/small.h"
#include "estiva/base/sys_process.h"
#include "estiva/base/sys_socket.h"
#include "estiva/base/text.h"
#include "runtime/parent/exit_status.h"

namespace estiva {

namespace {

constexpr int kPatienceMs = 2000;  // of others with a watcher that was stopped

// Opened while there is memory for it.
struct Sources {
  Fd state;  // the container's state directory
  Fd lock;
  Fd init;
  pid_t pid = 0;
  Fd memory, cpu;  // directories of the cgroup; invalid: no such controller
  bool memory_v2 = false, cpu_v2 = false;
};

// The number behind `key`; the whole file is one number where that is empty.
bool read_number(FdView dir, const char* file, const char* key, unsigned long long& out) {
  char text[4096] = "\n";
  if (!dir.valid() || !small::read_text(dir, file, text + 1, sizeof text - 1)) return false;
  char wanted[64];
  snprintf(wanted, sizeof wanted, *key != '\0' ? "\n%s " : "\n", key);
  const char* at = strstr(text, wanted);
  if (at == nullptr) return false;
  out = strtoull(at + strlen(wanted), nullptr, 10);
  return true;
}

// Whose limit it was. On v2 the kernel counts in the cgroup whose limit was met and in those above it, so one that the
// container has made below its own counts as its own; on v1 that the limit was met at all.
const char* oom_origin(const Sources& sources) {
  unsigned long long met = 0;
  const bool own = sources.memory_v2 ? read_number(sources.memory, "memory.events", "oom", met)
                                     : read_number(sources.memory, "memory.failcnt", "", met);
  return own && met > 0 ? "own" : "ancestor";
}

struct Text {
  char data[1024];
  size_t size = 0;
};

__attribute__((format(printf, 2, 3))) void add(Text& text, const char* format, ...) {
  va_list values;
  va_start(values, format);
  const int written = vsnprintf(text.data + text.size, sizeof text.data - text.size, format, values);
  va_end(values);
  text.size = std::min(text.size + static_cast<size_t>(written), sizeof text.data - 1);
}

void add_status(Text& text, const std::optional<int>& status) {
  if (!status) return;
  add(text, ",\"status\":%d", exit_code_of(*status));
  if (WIFSIGNALED(*status)) add(text, ",\"signal\":%d", WTERMSIG(*status));
  if (WIFSIGNALED(*status) && WCOREDUMP(*status)) add(text, ",\"coreDumped\":true");
}

void add_usage(Text& text, const Sources& sources) {
  unsigned long long value = 0;
  if (read_number(sources.memory, sources.memory_v2 ? "memory.events" : "memory.oom_control", "oom_kill",
                  value) &&
      value > 0)
    add(text, ",\"oomKills\":%llu,\"oomOrigin\":\"%s\"", value, oom_origin(sources));
  if (read_number(sources.memory, sources.memory_v2 ? "memory.peak" : "memory.max_usage_in_bytes", "", value))
    add(text, ",\"peakMemory\":%llu", value);
  const bool v2 = sources.cpu_v2;
  if (read_number(sources.cpu, v2 ? "cpu.stat" : "cpuacct.usage", v2 ? "usage_usec" : "", value))
    add(text, ",\"cpuMicroseconds\":%llu", v2 ? value : value / 1000);
}

[[noreturn]] void watch(const Sources& sources) {
  small::wait_for_end(sources.init);
  Text text;
  add(text, "{\"pid\":%d", sources.pid);
  add_status(text, exit_status(sources.init, sources.pid));
  add_usage(text, sources);
  add(text, ",\"finished\":%lld}\n", static_cast<long long>(::time(nullptr)));
  ::_exit(small::replace(sources.state, ".exit.json", kExitRecord, {text.data, text.size}) ? 0 : 1);
}

Result<Fd> take_lock(const ContainerDir& dir) {
  Fd lock = TRY(sys::openat(dir.dir, kExitLock, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
  struct flock hold = {};
  hold.l_type = F_WRLCK;
  if (::fcntl(lock.number(), F_OFD_SETLK, &hold) < 0) return Error::system("fcntl F_OFD_SETLK", errno);
  return lock;
}

Result<Fd> open_group(const CgroupLayout& layout, const Record& record, const char* controller,
                      bool& unified) {
  const CgroupHierarchy* hierarchy = layout.with_controller(controller);
  if (hierarchy == nullptr && strcmp(controller, "cpuacct") == 0) hierarchy = layout.unified();
  if (record.cgroup.path.empty() || hierarchy == nullptr) return Fd();
  unified = hierarchy->unified;
  return sys::open(hierarchy->mount_point + record.cgroup.path, O_PATH | O_DIRECTORY);
}

// Only what it needs is open in it, and nothing that could keep a caller waiting for the end of a pipe.
Result<void> leave_caller(const Sources& sources) {
  const Fd null = TRY(sys::open("/dev/null", O_RDWR));
  for (const int stream : {0, 1, 2}) TRY(sys::dup_onto(null, stream));
  int kept[] = {sources.state.number(), sources.lock.number(), sources.init.number(), sources.memory.number(),
                sources.cpu.number()};
  std::ranges::sort(kept);
  unsigned first = 3;
  for (const int number : kept) {
    if (number < static_cast<int>(first)) continue;
    const auto end = static_cast<unsigned>(number);
    if (first < end) TRY(sys::close_range(first, end - 1, 0));
    first = end + 1;
  }
  TRY(sys::close_range(first, ~0u, 0));
  TRY(sys::setsid());
  TRY(sys::prctl(PR_SET_NAME, reinterpret_cast<unsigned long>("estiva-exit")));
  sigset_t none;
  sigemptyset(&none);
  TRY(sys::set_signal_mask(none));
  return sys::chdir("/");
}

}  // namespace

Result<void> start_exit_watch(const ContainerDir& dir, const Record& record, const CgroupLayout& layout,
                              FdView pidfd) {
  Sources sources;
  sources.pid = record.pid;
  sources.state = TRY(sys::openat(dir.dir, ".", O_PATH | O_DIRECTORY));
  sources.init = TRY(sys::dup(pidfd));
  sources.memory = TRY(open_group(layout, record, "memory", sources.memory_v2));
  sources.cpu = TRY(open_group(layout, record, "cpuacct", sources.cpu_v2));
  sources.lock = TRY(take_lock(dir));
  struct clone_args args = {};
  args.exit_signal = SIGCHLD;
  const pid_t watcher = TRY(sys::clone3(args));
  if (watcher != 0) return sys::write_all(sources.lock, text::cat(watcher));
  if (!leave_caller(sources).ok()) ::_exit(1);
  watch(sources);
}

Result<void> wait_for_exit_record(const ContainerDir& dir) {
  Result<Fd> opened = sys::openat(dir.dir, kExitLock, O_RDONLY | O_NOFOLLOW);
  if (!opened.ok() && opened.error().errnum() == ENOENT) return {};
  const Fd lock = TRY(std::move(opened));
  char text[16];
  const auto watcher = text::number<pid_t>(std::string_view(text, TRY(sys::read(lock, text, sizeof text))));
  const Result<Fd> pidfd = watcher ? sys::pidfd_open(*watcher) : Result<Fd>(Fd());
  if (!pidfd.ok() || !pidfd.value().valid()) return {};
  // Else the number has been given to another process.
  struct flock held = {};
  held.l_type = F_RDLCK;
  if (::fcntl(lock.number(), F_OFD_GETLK, &held) < 0) return Error::system("fcntl F_OFD_GETLK", errno);
  if (held.l_type == F_UNLCK) return {};
  struct pollfd end = {pidfd.value().number(), POLLIN, 0};
  TRY(sys::poll({&end, 1}, kPatienceMs));
  return {};
}

}  // namespace estiva
