// SPDX-License-Identifier: Apache-2.0
// NOTIFY_SOCKET of systemd (sd_notify(3)). The container has a socket of its own, in a directory that is mounted into
// it; of what comes in there only that it is ready is passed on: anything else could steer the service from inside.
#pragma once

#include <sys/types.h>

#include <string>

#include "estiva/base/log.h"
#include "runtime/parent/store.h"

namespace estiva {

class NotifyProxy {
 public:
  // Nothing where `host` is empty, or where the container was made without the directory.
  static Result<NotifyProxy> open(const ContainerDir& dir, const std::string& host);

  bool valid() const { return container_.valid(); }
  FdView socket() const { return container_; }
  // Reads what has come in. Ready: the host is told, and that `main_pid` is the service's main process if
  // it is not 0; there is nothing more to do then, and valid() says so.
  Result<void> pass_on(pid_t main_pid, Log& log);
  // Until then, or until the init, `pidfd`, has ended.
  Result<void> wait(FdView pidfd, pid_t pid, Log& log);

 private:
  Result<void> tell_host(pid_t main_pid, Log& log);

  Fd host_, container_;
};

// Of our environment; empty: none.
std::string host_notify_socket();

}  // namespace estiva
