// SPDX-License-Identifier: Apache-2.0
// The clone of a process that goes into a container.
#include "runtime/parent/clone.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <unistd.h>

#include "estiva/base/sys_process.h"
#include "estiva/base/sys_socket.h"
#include "estiva/base/text.h"

namespace estiva {

Result<uint64_t> ignored_signals() {
  Fd file = TRY(sys::open("/proc/self/status", O_RDONLY));
  file.close_later();
  char buffer[8192];  // one read gives all of it
  const std::string_view status(buffer, TRY(sys::read(file, buffer, sizeof buffer)));
  const std::string_view key = "\nSigIgn:\t";
  const size_t at = status.find(key);
  const auto mask =
      at == std::string::npos ? std::nullopt : text::number<uint64_t>(status.substr(at + key.size(), 16), 16);
  if (!mask) return Error(Code::kSystem, "/proc/self/status has no SigIgn");
  return *mask;
}

Result<void> reset_signals(uint64_t ignored) {
  for (int number = 1; number <= 64; ++number) {
    if ((ignored >> (number - 1) & 1) != 0) TRY(sys::default_signal(number));
  }
  sigset_t none;
  sigemptyset(&none);
  return sys::set_signal_mask(none);
}

void end_child(sync::Channel& channel, const Error& error) {
  (void)channel.send_error(error);
  ::_exit(1);
}

Result<Cloned> clone(uint64_t flags, FdView cgroup, uint64_t exit_signal) {
  int pidfd = -1;
  struct clone_args args = {};
  args.flags = flags | CLONE_PIDFD;
  args.pidfd = reinterpret_cast<uintptr_t>(&pidfd);
  args.exit_signal = exit_signal;
  if (cgroup.valid()) {
    args.flags |= CLONE_INTO_CGROUP;
    args.cgroup = static_cast<uint64_t>(cgroup.number());
  }
  const pid_t pid = TRY(sys::clone3(args).context([] { return "container process"; }));
  return Cloned{pid, Fd(pid == 0 ? -1 : pidfd, Closing::kLater)};
}

// Before Linux 5.7 a process can't be born in a cgroup: the child joins by itself, as it does on v1.
Result<Cloned> clone_into(child::Context& c, uint64_t flags, FdView cgroup) {
  Result<Cloned> cloned = clone(flags, cgroup, SIGCHLD);
  if (cloned.ok() || !cgroup.valid()) return cloned;
  const int errnum = cloned.error().errnum();
  if (errnum != ENOSYS && errnum != E2BIG && errnum != EINVAL) return cloned;
  c.cgroup_tasks.push_back(TRY(sys::openat(cgroup, "cgroup.procs", O_WRONLY)));
  return clone(flags, FdView::of_number(-1), SIGCHLD);
}

}  // namespace estiva
