// SPDX-License-Identifier: Apache-2.0
// Starts a further process in a container.
#pragma once

#include <string>

#include <linux/filter.h>

#include "estiva/base/log.h"
#include "runtime/parent/store.h"
#include "runtime/plan/exec.h"

namespace estiva {

// The init of a container. Opened before its status is asked for, so that both mean the same process.
struct Target {
  Fd pidfd;
  Fd proc;  // /proc/PID; both invalid: it has gone
};
Result<Target> open_target(const Record& record);

struct ExecRequest {
  ExecOptions options;
  std::string pid_file;        // empty: none
  std::string console_socket;  // empty: none
  std::string pidfd_socket;    // empty: none
};

// Decided, with the seccomp filter of the container.
struct PreparedExec {
  ExecPlan plan;
  std::vector<sock_filter> filter;
};
Result<PreparedExec> prepare_exec(const StoredContainer& container, const Target& target,
                                  const ExecOptions& options, Log& log);

struct Executed {
  pid_t pid;
  Fd pidfd;  // our child
};
// Of one that nobody will be told of.
void end_program(const Executed& executed);

// Returns when the program runs; then pid file and pidfd socket have been served. On failure there is no process.
// `console`: the foreground's own end instead of a path.
Result<Executed> exec_in_container(const StoredContainer& container, Target& target, PreparedExec& prepared,
                                   const ExecRequest& request, Fd console);

}  // namespace estiva
