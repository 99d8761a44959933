// SPDX-License-Identifier: Apache-2.0
// What making the init and exec have in common: the clone of a process that goes into a container, and its first and
// last steps.
#pragma once

#include "runtime/child/context.h"

namespace estiva {

struct Cloned {
  pid_t pid;  // 0 in the child
  Fd pidfd;
};

Result<Cloned> clone(uint64_t flags, FdView cgroup, uint64_t exit_signal);
// A child of ours in the cgroup2 directory `cgroup`, which may be invalid.
Result<Cloned> clone_into(child::Context& c, uint64_t flags, FdView cgroup);

// What the caller ignores for itself must not be ignored in the container: bit n-1 is signal n.
Result<uint64_t> ignored_signals();
// In the child.
Result<void> reset_signals(uint64_t ignored);
[[noreturn]] void end_child(sync::Channel& channel, const Error& error);

}  // namespace estiva
