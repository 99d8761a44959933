// SPDX-License-Identifier: Apache-2.0
// The seccomp agent of SCMP_ACT_NOTIFY: a process of the host that answers system calls of a container. It listens at
// listenerPath and gets the filter's listener there (config-linux.md, "The Container Process State").
#pragma once

#include <string>

#include "estiva/base/fd.h"
#include "estiva/spec/state.h"
#include "runtime/parent/record.h"
#include "runtime/plan/plan.h"

namespace estiva {

// Before anything is made: is there a socket? Also where the plan has no agent.
Result<void> check_seccomp_agent(const SeccompPlan& plan);

// Connected before the process that will load the filter is told to go on.
struct SeccompAgent {
  Fd socket;  // invalid: the container has no agent, or it has got its listener
  spec::ContainerProcessState state;
};

Result<SeccompAgent> connect_seccomp_agent(const Record& record, spec::Status status);

// `told`: what came with kListener from the process `pid`. The agent gets that descriptor of it with the state.
Result<void> give_listener(SeccompAgent& agent, FdView process, pid_t pid, std::string_view told);

// Of a process with such a filter that is gone before it told of its listener.
Error lost_listener(std::string_view process);

}  // namespace estiva
