// SPDX-License-Identifier: Apache-2.0
// The status of a container.
#include "runtime/parent/status.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "estiva/base/identity.h"
#include "estiva/base/sys.h"
#include "runtime/cgroup/manager.h"

namespace estiva {

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
