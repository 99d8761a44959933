// SPDX-License-Identifier: Apache-2.0
// Ends a container.
#include "runtime/parent/remove.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>

#include <algorithm>

#include "estiva/base/files.h"
#include "estiva/base/sys_mount.h"
#include "estiva/base/sys_process.h"
#include "estiva/base/sys_socket.h"
#include "estiva/base/text.h"
#include "runtime/cgroup/manager.h"
#include "runtime/parent/exit_watch.h"
#include "runtime/parent/hooks.h"
#include "runtime/parent/mountinfo.h"
#include "runtime/parent/resctrl.h"
#include "runtime/parent/status.h"

namespace estiva {

namespace {

constexpr int kPatienceMs = 10000;  // for processes to end after SIGKILL; those in state D may take for ever

// Our own child (run) is reaped, any other process is only waited for.
Result<void> wait_for_end(const Record& record, FdView pidfd) {
  struct pollfd end = {pidfd.number(), POLLIN, 0};
  if (TRY(sys::poll({&end, 1}, kPatienceMs)) > 0) {
    (void)sys::wait_pid(record.pid);
    return {};
  }
  return Error(Code::kState, text::cat("process ", record.pid, " does not end, even by SIGKILL"));
}

Result<void> end_init(const Record& record) {
  if (!init_alive(record)) return {};
  Result<Fd> opened = sys::pidfd_open(record.pid);
  if (!opened.ok() && opened.error().errnum() == ESRCH) return {};
  const Fd pidfd = TRY(std::move(opened));
  // The number may have been given away between the two calls above.
  if (!init_alive(record)) return {};
  TRY(kill_container(record));
  return wait_for_end(record, pidfd);
}

}  // namespace

// A step that takes something away gets a second chance: what failed for a passing reason (memory, a signal) must not
// leave a container half there.
template <typename Step>
static Result<void> twice(Step&& step) {
  Result<void> done = step();
  return done.ok() ? std::move(done) : step();
}

Result<void> kill_container(const Record& record) {
  const bool has_cgroup = !record.cgroup.path.empty();
  if (record.pid != 0 && record.own_pid_namespace) {
    Result<void> sent = sys::kill(record.pid, SIGKILL);
    if (!sent.ok() && sent.error().errnum() != ESRCH) return sent;
    // A frozen process acts on the signal when it is thawed.
    if (has_cgroup && TRY(cgroup::frozen(record.cgroup))) return cgroup::thaw(record.cgroup);
    return {};
  }
  if (has_cgroup) TRY(cgroup::kill_all(record.cgroup, SIGKILL));
  if (record.pid == 0) return {};
  Result<void> sent = sys::kill(record.pid, SIGKILL);
  if (!sent.ok() && sent.error().errnum() != ESRCH) return sent;
  return {};
}

static Result<void> remove_cgroup_once(const Record& record) {
  if (record.cgroup.path.empty() || cgroup::destroy(record.cgroup, 0).ok()) return {};
  // Processes that outlived the init: it had no pid namespace of its own, or they joined later.
  if (TRY(cgroup::populated(record.cgroup))) TRY(cgroup::kill_all(record.cgroup, SIGKILL));
  return cgroup::destroy(record.cgroup, kPatienceMs);
}

Result<void> remove_cgroup(const Record& record) {
  return twice([&] { return remove_cgroup_once(record); });
}

Result<void> remove_directory(const Store& store, const ContainerDir& dir) {
  return twice([&] { return store.remove(dir); });
}

// Without a mount namespace of its own the container's mounts are the host's.
Result<void> remove_host_mounts(const Record& record) {
  if (record.own_mount_namespace) return {};
  std::vector<std::string> points = TRY(mountinfo::below(record.rootfs));
  // Of several at one place the first is the one from before.
  for (const std::string& before : record.mounts_before) {
    const auto found = std::ranges::find(points, before);
    if (found != points.end()) points.erase(found);
  }
  // The last mounted goes first.
  std::ranges::reverse(points);
  for (const std::string& point : points) TRY(sys::umount2(point, MNT_DETACH | UMOUNT_NOFOLLOW));
  return {};
}

void run_poststop(const Record& record, Log& log) {
  // A failure is a warning and the next hook runs (runtime.md, lifecycle).
  for (size_t i = 0; i < record.hooks.poststop.size(); ++i) {
    const Result<void> done =
        run_host_hooks({record.hooks.poststop[i]}, "poststop", make_state(record, spec::Status::kStopped));
    if (!done.ok()) log.warning(done.error().to_string());
  }
}

Result<void> remove_container(const Store& store, const ContainerDir& dir, const Record& record, Log& log) {
  TRY(twice([&] { return end_init(record); }));
  TRY(twice([&] { return wait_for_exit_record(dir); }));
  TRY(remove_cgroup(record));
  TRY(twice([&] { return resctrl::remove(record.resctrl); }));
  TRY(twice([&] { return remove_host_mounts(record); }));
  TRY(remove_directory(store, dir));
  run_poststop(record, log);
  return {};
}

}  // namespace estiva
