// SPDX-License-Identifier: Apache-2.0
// `run` without --detach: passes signals and the terminal on until the container's init has ended.
#pragma once

#include <termios.h>

#include <optional>

#include "estiva/base/error.h"
#include "estiva/base/fd.h"
#include "runtime/parent/notify.h"

namespace estiva {

class Foreground {
 public:
  // Blocks the signals that are to be passed on. Before the container is made.
  static Result<Foreground> prepare(bool terminal, bool subreaper);
  Foreground(Foreground&&) = default;
  ~Foreground();

  // The end to give to create_container; only with a terminal, and only once.
  Fd take_console_socket() { return std::move(container_end_); }
  // Takes over the terminal that the container's init has sent.
  Result<void> attach_terminal();
  // What comes from there is passed on while we wait.
  void forward(NotifyProxy notify) { notify_ = std::move(notify); }
  // Until `pidfd`, the init's, is ready: its exit code, 128 and the signal if one killed it.
  Result<int> wait(FdView pidfd, pid_t pid, Log& log);

 private:
  Foreground() = default;
  Result<void> pass_signals(FdView pidfd);
  void pass_on_ready(Log& log);

  bool subreaper_ = false;
  Fd signals_;
  Fd our_end_, container_end_;  // of the console socket
  Fd master_, slave_;
  NotifyProxy notify_;
  std::optional<struct termios> saved_;  // of our own terminal, put back at the end
};

}  // namespace estiva
