// SPDX-License-Identifier: Apache-2.0
// Makes the container's first process in its cgroup and namespaces.
#pragma once

#include <sys/types.h>

#include "runtime/child/context.h"

namespace estiva {

// Killed and reaped when it goes out of scope, unless released.
class InitProcess {
 public:
  InitProcess(pid_t pid, Fd pidfd, sync::Channel channel)
      : pid_(pid), pidfd_(std::move(pidfd)), channel_(std::move(channel)) {}
  InitProcess(InitProcess&& other) noexcept
      : pid_(std::exchange(other.pid_, 0)),
        pidfd_(std::move(other.pidfd_)),
        channel_(std::move(other.channel_)) {}
  InitProcess& operator=(InitProcess&&) = delete;
  ~InitProcess();

  pid_t pid() const { return pid_; }
  FdView pidfd() const { return pidfd_; }
  Fd take_pidfd() { return std::move(pidfd_); }
  sync::Channel& channel() { return channel_; }
  Result<void> open_pidfd();
  // Another child of ours, where there was none.
  void take(pid_t pid) { pid_ = pid; }
  // The init goes on as another child of ours; the one before has ended.
  Result<void> move_to(pid_t pid);
  void release() { pid_ = 0; }

 private:
  pid_t pid_;
  Fd pidfd_;
  sync::Channel channel_;
};

// `cgroup`: the cgroup2 directory to be born in; may be invalid.
Result<InitProcess> spawn(child::Context& c, FdView cgroup);

}  // namespace estiva
