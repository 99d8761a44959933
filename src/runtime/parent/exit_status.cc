// SPDX-License-Identifier: Apache-2.0
// How a process ended.
#include "runtime/parent/exit_status.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "estiva/base/small.h"
#include "estiva/base/sys_process.h"

namespace estiva {

namespace {

// proc(5), stat, field 52; nothing unless it is a zombie that we may look at.
std::optional<int> status_of_zombie(pid_t pid) {
  char path[32];
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  char text[4096];
  if (!small::read_text(FdView::cwd(), path, text, sizeof text)) return std::nullopt;
  const char* name_end = strrchr(text, ')');
  if (name_end == nullptr || name_end[1] != ' ' || name_end[2] != 'Z') return std::nullopt;
  const char* last = strrchr(text, ' ');
  return last == nullptr ? std::nullopt : std::optional<int>(static_cast<int>(strtol(last, nullptr, 10)));
}

}  // namespace

std::optional<int> exit_status(FdView pidfd, pid_t pid) {
  if (const auto status = sys::pidfd_exit_status(pidfd)) return status;
  if (const auto status = status_of_zombie(pid)) return status;
  return sys::pidfd_exit_status(pidfd);  // it was reaped between the two
}

int exit_code_of(int wait_status) {
  return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

}  // namespace estiva
