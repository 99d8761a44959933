// SPDX-License-Identifier: Apache-2.0
// Resource limits, CPUs and memory policy, in the child before it gives up its privileges.
#include "runtime/child/limits.h"

#include <errno.h>
#include <sched.h>

#include "estiva/base/sys_process.h"
#include "estiva/base/text.h"
#include "runtime/child/steps.h"

namespace estiva::child {

namespace {

Result<void> set_cpus(const NumberSet& cpus, const char* object) {
  if (cpus.empty()) return {};
  Result<void> set = sys::sched_setaffinity(0, cpus);
  if (set.ok()) return {};
  Error error = std::move(set).error().object(object);
  if (error.errnum() != EINVAL) return error;
  return std::move(error).hint("none of these CPUs is there and allowed in the cgroup");
}

Result<void> set_memory_policy(const ProcessPlan& process) {
  if (!process.memory_policy) return {};
  Result<void> set = sys::set_mempolicy(process.memory_policy->mode, process.memory_policy->nodes);
  if (set.ok()) return {};
  Error error = std::move(set).error().object("/linux/memoryPolicy");
  if (error.errnum() == ENOSYS) return std::move(error).hint("this kernel has no memory policies");
  if (error.errnum() != EINVAL) return error;
  return std::move(error).hint(
      "the kernel does not know this mode, or a node is not there or not in the cgroup");
}

}  // namespace

bool leaves_rlimits_to_parent(const Plan& plan) {
  return plan.namespaces.has(CLONE_NEWUSER) && !plan.process->rlimits.empty();
}

Result<void> set_rlimits(pid_t pid, const std::vector<RlimitStep>& limits) {
  for (const RlimitStep& step : limits) {
    const struct rlimit64 limit = {step.soft, step.hard};
    Result<struct rlimit64> set = sys::prlimit(pid, step.resource, &limit);
    if (set.ok()) continue;
    Error error = std::move(set).error().object(step.object).context(step.name);
    if (error.errnum() != EPERM) return error;
    return std::move(error).hint("raising a hard limit needs CAP_SYS_RESOURCE");
  }
  return {};
}

Result<void> set_limits(const Context& c) {
  TRY(set_memory_policy(*c.plan.process));
  return leaves_rlimits_to_parent(c.plan) ? Result<void>() : set_rlimits(0, c.plan.process->rlimits);
}

Result<void> ask_limits(const Context& c, sync::Channel& parent) {
  const ProcessPlan& process = *c.plan.process;
  if (process.scheduler || process.io_priority || leaves_rlimits_to_parent(c.plan))
    TRY(parent.ask(sync::Type::kLimits));
  return {};
}

Result<void> take_initial_cpus(const ExecCpus& cpus) {
  return set_cpus(cpus.initial, "/process/execCPUAffinity/initial");
}

// Since Linux 6.2 a process keeps, over a move to another cpuset, the CPUs that its starter was bound to.
Result<void> take_final_cpus(const ExecCpus& cpus) {
  if (!cpus.final.empty()) return set_cpus(cpus.final, "/process/execCPUAffinity/final");
  constexpr size_t kWords = 8192 / 64;  // NR_CPUS of the largest kernel; more is not read
  // Nobody asked for it: where it is forbidden, the CPUs stay as they are.
  (void)sys::sched_setaffinity(0, NumberSet(kWords, ~0ul));
  return {};
}

}  // namespace estiva::child
