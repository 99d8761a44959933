// SPDX-License-Identifier: Apache-2.0
// Checks the seccomp object (config-linux.md, "Seccomp"); it is compiled by parent/seccomp.
#include <algorithm>

#include "estiva/base/text.h"
#include "runtime/plan/annotations.h"
#include "runtime/plan/parts.h"

namespace estiva::plan {

namespace {

constexpr spec::SeccompAction kNotify = spec::SeccompAction::kNotify;

bool takes_errno(spec::SeccompAction action) {
  return action == spec::SeccompAction::kErrno || action == spec::SeccompAction::kTrace;
}

Result<void> check_action(spec::SeccompAction action, const std::optional<uint32_t>& errno_ret,
                          const std::string& errno_object) {
  constexpr uint32_t kMaxErrno = 4095;
  if (errno_ret && !takes_errno(action)) {
    return Error::invalid(errno_object, text::cat("is not for the action ", spec::name(action)));
  }
  if (errno_ret && *errno_ret > kMaxErrno) return Error::invalid(errno_object, "is above 4095");
  return {};
}

bool notifies(const spec::Seccomp& seccomp) {
  return std::ranges::find(seccomp.syscalls, kNotify, &spec::SeccompSyscall::action) !=
         seccomp.syscalls.end();
}

struct Agent {
  std::string path;
  std::string object;  // who names it
};

Agent agent_of(const Input& in, const spec::Seccomp& profile) {
  if (!profile.listener_path.empty()) return {profile.listener_path, "/linux/seccomp/listenerPath"};
  if (const auto annotated = annotations::value(in.spec, annotations::kSeccompReceiver))
    return {*annotated, annotations::pointer(annotations::kSeccompReceiver)};
  return {in.options.seccomp_receiver, "RUN_OCI_SECCOMP_RECEIVER"};
}

Result<void> plan_agent(const Input& in, AgentUse use, SeccompPlan& plan) {
  const Agent agent = agent_of(in, plan.profile);
  if (agent.path.empty() && !plan.profile.listener_metadata.empty())
    return Error::invalid("/linux/seccomp/listenerMetadata", "needs listenerPath");
  if (use == AgentUse::kNone || (agent.path.empty() && use == AgentUse::kPossible)) {
    plan.profile.listener_path.clear();
    plan.profile.listener_metadata.clear();
    return {};
  }
  if (agent.path.empty())
    return Error::invalid("/linux/seccomp/listenerPath", "is required for SCMP_ACT_NOTIFY");
  if (!agent.path.starts_with('/'))
    return Error::invalid(agent.object, text::cat(text::quote(agent.path), " is not an absolute path"));
  plan.profile.listener_path = agent.path;
  plan.agent_object = agent.object;
  return {};
}

// By write(2) the init says that the agent can be given its listener (child/seccomp.cc). runc refuses it too.
Result<void> check_names(const spec::SeccompSyscall& rule, const std::string& object) {
  if (rule.names.empty()) return Error::invalid(object, "is empty");
  const auto found = std::ranges::find(rule.names, "write");
  if (rule.action != kNotify || found == rule.names.end()) return {};
  return Error::invalid(text::cat(object, "/", found - rule.names.begin()),
                        "write can't be left to the seccomp agent by SCMP_ACT_NOTIFY");
}

Result<void> check_rules(const spec::Seccomp& seccomp) {
  const std::string base = "/linux/seccomp";
  // libseccomp takes no such filter either: nothing would ever run, the agent not being there yet.
  if (seccomp.default_action == kNotify)
    return Error::invalid(base + "/defaultAction", "can't be SCMP_ACT_NOTIFY");
  TRY(check_action(seccomp.default_action, seccomp.default_errno_ret, base + "/defaultErrnoRet"));
  for (size_t i = 0; i < seccomp.syscalls.size(); ++i) {
    const spec::SeccompSyscall& rule = seccomp.syscalls[i];
    const std::string object = text::cat(base, "/syscalls/", i);
    TRY(check_names(rule, object + "/names"));
    TRY(check_action(rule.action, rule.errno_ret, object + "/errnoRet"));
    for (size_t j = 0; j < rule.args.size(); ++j) {
      if (rule.args[j].index > 5)
        return Error::invalid(text::cat(object, "/args/", j, "/index"), "is above 5");
    }
  }
  return {};
}

// Engines always have a profile, also where they are told to hand an annotation on.
Result<SeccompPlan> plan_program(const Input& in, const std::string& text,
                                 std::vector<std::string>& warnings) {
  SeccompPlan plan;
  plan.program = TRY(read_seccomp_program(text));
  if (in.linux.seccomp) {
    warnings.push_back(text::cat("/linux/seccomp: the filter of ", annotations::kSeccompProgram,
                                 " takes the place of its rules"));
    plan.profile = *in.linux.seccomp;
    plan.profile.syscalls.clear();
  }
  TRY(plan_agent(in, agent_use(plan.program), plan));
  return plan;
}

}  // namespace

Result<std::optional<SeccompPlan>> plan_seccomp(const Input& in, std::vector<std::string>& warnings) {
  if (const auto program = annotations::value(in.spec, annotations::kSeccompProgram))
    return std::optional<SeccompPlan>(TRY(plan_program(in, *program, warnings)));
  std::optional<SeccompPlan> plan;
  if (!in.linux.seccomp) return plan;
  TRY(check_rules(*in.linux.seccomp));
  plan.emplace().profile = *in.linux.seccomp;
  plan->known_calls = annotations::value(in.spec, annotations::kSeccompKnownCalls).value_or("0") != "0";
  TRY(plan_agent(in, notifies(*in.linux.seccomp) ? AgentUse::kCertain : AgentUse::kNone, *plan));
  return plan;
}

}  // namespace estiva::plan
