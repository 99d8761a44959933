// SPDX-License-Identifier: Apache-2.0
// How the process is scheduled: CPU scheduler, io priority, CPUs of exec, memory policy. What the kernel would refuse
// with a bare EINVAL is refused here, by the name of the property.
#include "estiva/base/text.h"
#include "runtime/plan/names.h"
#include "runtime/plan/parts.h"

namespace estiva::plan {

namespace {

Result<unsigned> number_of(std::span<const names::Value> table, const std::string& name, std::string object) {
  if (const auto number = names::find(table, name)) return *number;
  const std::vector<std::string_view> known = names::all(table);
  Error error = Error::invalid(std::move(object), text::cat(text::quote(name), " is unknown"));
  if (const auto near = text::nearest(name, known))
    return std::move(error).hint(text::cat("did you mean ", *near, "?"));
  return std::move(error).hint(text::join({known.begin(), known.end()}, ", "));
}

// The sum of the flags.
Result<unsigned> flags_of(std::span<const names::Value> table, const std::vector<std::string>& words,
                          std::string_view object) {
  unsigned flags = 0;
  for (size_t i = 0; i < words.size(); ++i)
    flags |= TRY(number_of(table, words[i], text::cat(object, "/", i)));
  return flags;
}

Error bad(std::string_view property, std::string message) {
  return Error::invalid(text::cat("/process/scheduler/", property), std::move(message));
}

// __checkparam_dl of the kernel. Nanoseconds.
Result<void> check_deadline(const spec::Scheduler& scheduler) {
  constexpr uint64_t kLeast = 1024, kMost = uint64_t{1} << 63;
  if (scheduler.deadline == 0) return bad("deadline", "is required for SCHED_DEADLINE");
  if (scheduler.runtime < kLeast) return bad("runtime", "is below 1024 nanoseconds");
  if (scheduler.runtime > scheduler.deadline) return bad("runtime", "is above the deadline");
  if (scheduler.period != 0 && scheduler.deadline > scheduler.period)
    return bad("deadline", "is above the period");
  if (scheduler.deadline >= kMost || scheduler.period >= kMost) return bad("period", "is 2^63 or more");
  return {};
}

Result<void> check_realtime(const spec::Scheduler& scheduler) {
  if (scheduler.priority >= 1 && scheduler.priority <= 99) return {};
  return bad("priority",
             text::cat(scheduler.priority, " is not between 1 and 99, as ", scheduler.policy, " needs it"));
}

Result<void> check_foreign(const spec::Scheduler& scheduler, unsigned policy) {
  const bool realtime = policy == names::kSchedFifo || policy == names::kSchedRr;
  if (scheduler.priority != 0 && !realtime)
    return bad("priority", text::cat("is for SCHED_FIFO and SCHED_RR, not for ", scheduler.policy));
  const struct {
    const char* name;
    uint64_t value;
  } times[] = {
      {"runtime", scheduler.runtime}, {"deadline", scheduler.deadline}, {"period", scheduler.period}};
  for (const auto& [name, value] : times) {
    if (value != 0 && policy != names::kSchedDeadline)
      return bad(name, text::cat("is for SCHED_DEADLINE, not for ", scheduler.policy));
  }
  return {};
}

Result<std::optional<SchedulerStep>> plan_scheduler(const std::optional<spec::Scheduler>& asked,
                                                    std::vector<std::string>& warnings) {
  if (!asked) return std::optional<SchedulerStep>();
  const unsigned policy =
      TRY(number_of(names::scheduler_policies(), asked->policy, "/process/scheduler/policy"));
  SchedulerStep step;
  step.policy = policy;
  step.flags = TRY(flags_of(names::scheduler_flags(), asked->flags, "/process/scheduler/flags"));
  TRY(check_foreign(*asked, policy));
  // What is kept is not read by the kernel.
  const bool reads_all = (step.flags & (names::kSchedKeepPolicy | names::kSchedKeepParams)) == 0;
  if (reads_all && policy == names::kSchedDeadline) TRY(check_deadline(*asked));
  if (reads_all && (policy == names::kSchedFifo || policy == names::kSchedRr)) TRY(check_realtime(*asked));
  if (asked->nice < -20 || asked->nice > 19)
    return bad("nice", text::cat(asked->nice, " is not between -20 and 19"));
  if (asked->nice != 0 && policy != names::kSchedOther && policy != names::kSchedBatch)
    warnings.push_back(text::cat("/process/scheduler/nice: means nothing to ", asked->policy, ", ignored"));
  step.nice = asked->nice;
  step.priority = static_cast<uint32_t>(asked->priority);
  step.runtime = asked->runtime;
  step.deadline = asked->deadline;
  step.period = asked->period;
  return std::optional<SchedulerStep>(step);
}

// The class is in the highest three of sixteen bits (linux/ioprio.h).
Result<std::optional<int>> plan_io_priority(const std::optional<spec::IoPriority>& asked) {
  constexpr unsigned kClassShift = 13;
  if (!asked) return std::optional<int>();
  const unsigned io_class = TRY(number_of(names::io_classes(), asked->io_class, "/process/ioPriority/class"));
  if (asked->priority < 0 || asked->priority > 7)
    return Error::invalid("/process/ioPriority/priority",
                          text::cat(asked->priority, " is not between 0 and 7"));
  return std::optional<int>(static_cast<int>(io_class << kClassShift) | asked->priority);
}

// The checks of mpol_new and sanitize_mpol_flags of the kernel.
Result<void> check_memory(unsigned mode, unsigned flags, const spec::MemoryPolicy& policy) {
  constexpr unsigned kKinds = names::kMemoryStatic | names::kMemoryRelative;
  const bool no_nodes = text::trim(policy.nodes).empty();
  const auto flag_error = [](const char* message) {
    return Error::invalid("/linux/memoryPolicy/flags", message);
  };
  const bool takes_none = mode == names::kMemoryDefault || mode == names::kMemoryLocal;
  if (takes_none && !no_nodes)
    return Error::invalid("/linux/memoryPolicy/nodes", text::cat("must be empty for ", policy.mode));
  if (no_nodes && !takes_none && mode != names::kMemoryPreferred)
    return Error::invalid("/linux/memoryPolicy/nodes", text::cat("is required for ", policy.mode));
  if ((flags & kKinds) == kKinds)
    return flag_error("MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES exclude each other");
  if (no_nodes && (flags & kKinds) != 0)
    return flag_error("MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES need nodes");
  const bool balances = mode == names::kMemoryBind || mode == names::kMemoryPreferredMany;
  if ((flags & names::kMemoryBalancing) != 0 && !balances)
    return flag_error("MPOL_F_NUMA_BALANCING is for MPOL_BIND and MPOL_PREFERRED_MANY");
  return {};
}

}  // namespace

Result<std::optional<MemoryPolicyStep>> plan_memory_policy(const spec::Linux& linux_part) {
  if (!linux_part.memory_policy) return std::optional<MemoryPolicyStep>();
  const spec::MemoryPolicy& policy = *linux_part.memory_policy;
  const unsigned mode = TRY(number_of(names::memory_modes(), policy.mode, "/linux/memoryPolicy/mode"));
  const unsigned flags = TRY(flags_of(names::memory_flags(), policy.flags, "/linux/memoryPolicy/flags"));
  TRY(check_memory(mode, flags, policy));
  MemoryPolicyStep step;
  step.mode = static_cast<int>(mode | flags);
  step.nodes = TRY(read_numbers(policy.nodes, kMaxNodes, "/linux/memoryPolicy/nodes"));
  return std::optional<MemoryPolicyStep>(std::move(step));
}

Result<void> plan_scheduling(const spec::Process& process, ProcessPlan& steps,
                             std::vector<std::string>& warnings) {
  steps.scheduler = TRY(plan_scheduler(process.scheduler, warnings));
  steps.io_priority = TRY(plan_io_priority(process.io_priority));
  if (!process.exec_cpu_affinity) return {};
  steps.exec_cpus.initial =
      TRY(read_numbers(process.exec_cpu_affinity->initial, kMaxCpus, "/process/execCPUAffinity/initial"));
  steps.exec_cpus.final =
      TRY(read_numbers(process.exec_cpu_affinity->final, kMaxCpus, "/process/execCPUAffinity/final"));
  return {};
}

}  // namespace estiva::plan
