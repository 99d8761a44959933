// SPDX-License-Identifier: Apache-2.0
// Limits and scheduling of the container's process: what the child does itself, and what it leaves to the parent
// because only the host's privilege is enough for it. Used on both sides of the clone.
#pragma once

#include "estiva/base/error.h"
#include "runtime/plan/plan.h"

namespace estiva::child {

// The parent has to set the resource limits: in a user namespace the child has no power over the host's.
bool leaves_rlimits_to_parent(const Plan& plan);

// Of process `pid`; 0: the caller.
Result<void> set_rlimits(pid_t pid, const std::vector<RlimitStep>& limits);

// Before the cgroup is joined (exec only), and after it: the CPUs of the cgroup or, if exec asks for some, those.
Result<void> take_initial_cpus(const ExecCpus& cpus);
Result<void> take_final_cpus(const ExecCpus& cpus);

}  // namespace estiva::child
