// SPDX-License-Identifier: Apache-2.0
// How a process ended that is not our child. Linux 6.15 tells by its pidfd (PIDFD_INFO_EXIT); before, only a zombie
// that its parent has not reaped yet does.
#pragma once

#include <sys/types.h>

#include <optional>

#include "estiva/base/fd.h"

namespace estiva {

// In the form of wait(2); nothing: unknown. `pidfd` was opened before the end, which poll(2) has told. Takes no
// memory but the stack.
std::optional<int> exit_status(FdView pidfd, pid_t pid);

// 128 and the signal if one ended it.
int exit_code_of(int wait_status);

}  // namespace estiva
