// SPDX-License-Identifier: Apache-2.0
// The status of a container.
#include "runtime/parent/status.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "estiva/base/files.h"
#include "estiva/base/text.h"
#include "runtime/cgroup/manager.h"

namespace estiva {

Result<uint64_t> process_start_time(pid_t pid) {
  const std::string path = text::cat("/proc/", pid, "/stat");
  const auto gone = [&] { return Error(Code::kNotFound, text::cat("process ", pid, " is gone")); };
  Result<Fd> file = sys::open(path, O_RDONLY);
  if (!file.ok()) return gone();
  file.value().close_later();
  char buffer[1024];
  const Result<size_t> size = sys::read(file.value(), buffer, sizeof buffer);
  if (!size.ok()) return gone();
  // The name, field 2, may have blanks and brackets: the last ")" ends it.
  const std::string_view text(buffer, size.value());
  const size_t bracket = text.rfind(')');
  if (bracket == std::string_view::npos) return gone();
  const std::vector<std::string> fields = text::split(text::trim(text.substr(bracket + 1)), ' ');
  constexpr size_t kState = 0, kStartTime = 19;  // fields 3 and 22
  if (fields.size() <= kStartTime || fields[kState] == "Z" || fields[kState] == "X") return gone();
  const auto start = text::number<uint64_t>(fields[kStartTime]);
  if (!start) return gone();
  return *start;
}

bool init_alive(const Record& record) {
  if (record.pid == 0) return false;
  const Result<uint64_t> start = process_start_time(record.pid);
  return start.ok() && start.value() == record.start_time;
}

// The lock goes with the init's descriptor, at exec or at its end: no command has to tell.
static Result<bool> waits_for_start(const ContainerDir& container) {
  Result<Fd> file = sys::openat(container.dir, kStartLock, O_RDWR);
  if (!file.ok() && file.error().errnum() == ENOENT) return false;
  const Fd opened = TRY(std::move(file));
  struct flock probe = {};
  probe.l_type = F_WRLCK;
  if (::fcntl(opened.number(), F_OFD_GETLK, &probe) < 0) return Error::system("fcntl F_OFD_GETLK", errno);
  return probe.l_type != F_UNLCK;
}

Result<spec::Status> find_status(const ContainerDir& container, const Record& record) {
  if (record.pid == 0) return spec::Status::kCreating;
  if (!init_alive(record)) return spec::Status::kStopped;
  if (TRY(waits_for_start(container))) return spec::Status::kCreated;
  if (!record.cgroup.path.empty() && TRY(cgroup::frozen(record.cgroup))) return spec::Status::kPaused;
  return spec::Status::kRunning;
}

}  // namespace estiva
