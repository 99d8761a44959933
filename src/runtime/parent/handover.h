// SPDX-License-Identifier: Apache-2.0
// What the caller gives to a process and is told of it: standard streams, console socket, pid file. What can be opened
// before there is a process is.
#pragma once

#include <sys/types.h>

#include <string>

#include "estiva/base/fd.h"
#include "runtime/plan/plan.h"

namespace estiva {

// A program that is not root can reopen its pipes by /dev/stdout only when they are its own.
void give_stdio(const ProcessPlan& process);

// Connected; invalid where `path` is empty. Errors name `what`.
Result<Fd> connect_socket(const std::string& path, const char* what);

// In the form of runc, which says with it of what `kind` the process is.
Result<void> send_pidfd(FdView socket, FdView pidfd, std::string_view kind);

class PidFile {
 public:
  // None where `path` is empty.
  static Result<PidFile> open(const std::string& path);
  // Whole or not at all.
  Result<void> write(pid_t pid) const;

 private:
  Fd dir_;
  std::string name_;
};

}  // namespace estiva
