// SPDX-License-Identifier: Apache-2.0
// Limits and scheduling of the container's process, by the parent.
#include "runtime/parent/limits.h"

#include <errno.h>

#include "estiva/base/sys_process.h"
#include "runtime/child/limits.h"
#include "runtime/plan/names.h"

namespace estiva {

namespace {

Result<void> set_scheduler(pid_t pid, const SchedulerStep& step) {
  sys::SchedulerAttributes attributes;
  attributes.policy = step.policy;
  attributes.flags = step.flags;
  attributes.nice = step.nice;
  attributes.priority = step.priority;
  attributes.runtime = step.runtime;
  attributes.deadline = step.deadline;
  attributes.period = step.period;
  Result<void> set = sys::sched_setattr(pid, attributes);
  if (set.ok()) return {};
  Error error = std::move(set).error().object("/process/scheduler");
  switch (error.errnum()) {
    case EPERM:
      return std::move(error).hint(
          "it needs CAP_SYS_NICE, and realtime a cgroup that has realtime bandwidth");
    case EBUSY:
      return std::move(error).hint("the CPUs have no such bandwidth left");
    case EINVAL:
      if (step.policy != names::kSchedIso) return error;
      return std::move(error).hint("Linux has reserved SCHED_ISO and never built it");
    default:
      return error;
  }
}

// Of the whole group (runc); it is the process alone, and what its startContainer hooks will start.
Result<void> set_io_priority(pid_t pid, int priority) {
  Result<void> set = sys::ioprio_set_group(TRY(sys::getpgid(pid)), priority);
  if (set.ok()) return {};
  Error error = std::move(set).error().object("/process/ioPriority");
  if (error.errnum() != EPERM) return error;
  return std::move(error).hint("IOPRIO_CLASS_RT needs CAP_SYS_NICE");
}

}  // namespace

Result<void> apply_limits(pid_t pid, const Plan& plan) {
  const ProcessPlan& process = *plan.process;
  if (child::leaves_rlimits_to_parent(plan)) TRY(child::set_rlimits(pid, process.rlimits));
  if (process.io_priority) TRY(set_io_priority(pid, *process.io_priority));
  // Last: SCHED_IDLE and SCHED_DEADLINE slow or stop what comes after.
  if (process.scheduler) TRY(set_scheduler(pid, *process.scheduler));
  return {};
}

}  // namespace estiva
