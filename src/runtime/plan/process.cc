// SPDX-License-Identifier: Apache-2.0
// The container's process: arguments, environment, ids, limits, capabilities.
#include <limits.h>
#include <sched.h>
#include <sys/personality.h>

#include <algorithm>
#include <limits>
#include <unordered_set>

#include "estiva/base/text.h"
#include "runtime/plan/annotations.h"
#include "runtime/plan/names.h"
#include "runtime/plan/parts.h"

namespace estiva::plan {

namespace {

constexpr uint32_t kNoId = std::numeric_limits<uint32_t>::max();  // (uid_t)-1 means "leave" to the kernel

Result<void> check_ids(const Input& in, const Plan& plan, const spec::User& user) {
  if (user.uid == kNoId) return Error::invalid("/process/user/uid", "is out of range");
  if (user.gid == kNoId) return Error::invalid("/process/user/gid", "is out of range");
  const bool mapped = !plan.namespaces.uid_map.empty();
  if (mapped && !host_id(in.linux.uid_mappings, user.uid)) {
    return Error::invalid("/process/user/uid", text::cat(user.uid, " is not mapped by /linux/uidMappings"));
  }
  if (mapped && !host_id(in.linux.gid_mappings, user.gid)) {
    return Error::invalid("/process/user/gid", text::cat(user.gid, " is not mapped by /linux/gidMappings"));
  }
  for (size_t i = 0; i < user.additional_gids.size(); ++i) {
    const std::string object = text::cat("/process/user/additionalGids/", i);
    if (user.additional_gids[i] == kNoId) return Error::invalid(object, "is out of range");
    if (mapped && !host_id(in.linux.gid_mappings, user.additional_gids[i])) {
      return Error::invalid(object,
                            text::cat(user.additional_gids[i], " is not mapped by /linux/gidMappings"));
    }
  }
  return {};
}

// The last of several values for a name wins and keeps its place, as a shell's export would leave it.
Result<std::vector<std::string>> plan_env(const std::vector<std::string>& env) {
  for (size_t i = 0; i < env.size(); ++i) {
    const size_t equals = env[i].find('=');
    if (equals == 0 || equals == std::string::npos) {
      return Error::invalid(text::cat("/process/env/", i),
                            text::cat(text::quote(env[i]), " is not NAME=VALUE"));
    }
  }
  // By a set: an image may bring as many variables as it likes (CVE-2021-43784's test has 65,535).
  std::unordered_set<std::string_view> seen;
  std::vector<std::string> kept;
  for (auto entry = env.rbegin(); entry != env.rend(); ++entry) {
    if (seen.insert(std::string_view(*entry).substr(0, entry->find('='))).second) kept.push_back(*entry);
  }
  std::ranges::reverse(kept);
  return kept;
}

Result<std::vector<RlimitStep>> plan_rlimits(const std::vector<spec::Rlimit>& rlimits) {
  std::vector<RlimitStep> steps;
  for (size_t i = 0; i < rlimits.size(); ++i) {
    const std::string object = text::cat("/process/rlimits/", i);
    const auto resource = names::rlimit(rlimits[i].type);
    if (!resource)
      return Error::invalid(object + "/type",
                            text::cat(text::quote(rlimits[i].type), " is no resource limit"));
    if (std::ranges::find(steps, *resource, &RlimitStep::resource) != steps.end()) {
      return Error::invalid(object + "/type", text::cat(rlimits[i].type, " is given twice"));
    }
    if (rlimits[i].soft > rlimits[i].hard) return Error::invalid(object + "/soft", "is above the hard limit");
    steps.push_back({*resource, rlimits[i].soft, rlimits[i].hard, object, rlimits[i].type});
  }
  return steps;
}

class CapabilityPlanner {
 public:
  CapabilityPlanner(const Input& in, const Plan& plan, std::vector<std::string>& warnings)
      : grantable_(plan.namespaces.has(CLONE_NEWUSER) ? ~uint64_t{0} : in.host.capabilities),
        last_(in.host.last_capability),
        warnings_(warnings) {}

  uint64_t read(const std::vector<std::string>& set, std::string_view name) {
    uint64_t bits = 0;
    for (size_t i = 0; i < set.size(); ++i) {
      const std::string object = text::cat("/process/capabilities/", name, "/", i);
      const auto number = names::capability(set[i]);
      // config.md: what the kernel has not or cannot grant is warned about.
      if (!number || *number > last_) {
        warnings_.push_back(text::cat(object, ": ", text::quote(set[i]), " is unknown here, ignored"));
      } else if ((grantable_ >> *number & 1) == 0) {
        warnings_.push_back(text::cat(object, ": ", set[i], " can't be granted here, ignored"));
      } else {
        bits |= uint64_t{1} << *number;
      }
    }
    return bits;
  }

  // The kernel grants `set` only what `within` has.
  uint64_t limit(uint64_t set, uint64_t within, std::string_view name, std::string_view reason) {
    for (int number = 0; number <= last_; ++number) {
      if ((set & ~within) >> number & 1) {
        warnings_.push_back(text::cat("/process/capabilities/", name, ": ", names::capability_name(number),
                                      " ", reason, ", ignored"));
      }
    }
    return set & within;
  }

 private:
  uint64_t grantable_;
  int last_;
  std::vector<std::string>& warnings_;
};

CapabilitySets plan_capabilities(const Input& in, Plan& plan, const spec::Capabilities& capabilities) {
  CapabilityPlanner planner(in, plan, plan.warnings);
  CapabilitySets sets;
  sets.bounding = planner.read(capabilities.bounding, "bounding");
  sets.permitted = planner.read(capabilities.permitted, "permitted");
  sets.inheritable = planner.limit(planner.read(capabilities.inheritable, "inheritable"), sets.bounding,
                                   "inheritable", "is not in the bounding set");
  sets.effective = planner.limit(planner.read(capabilities.effective, "effective"), sets.permitted,
                                 "effective", "is not permitted");
  sets.ambient =
      planner.limit(planner.read(capabilities.ambient, "ambient"), sets.permitted & sets.inheritable,
                    "ambient", "is not both permitted and inheritable");
  return sets;
}

Result<void> check_terminal(const Input& in, const spec::Process& process) {
  if (process.terminal && in.options.detached && !in.options.console_socket) {
    return Error::invalid("/process/terminal", "a detached process with a terminal needs --console-socket");
  }
  if (in.options.console_socket && !(process.terminal && in.options.detached)) {
    return Error::invalid("/process/terminal", "--console-socket is for a detached process with a terminal");
  }
  return {};
}

Result<std::optional<unsigned long>> plan_personality(const Input& in) {
  if (!in.linux.personality) return std::optional<unsigned long>();
  const spec::Personality& personality = *in.linux.personality;
  if (!personality.flags.empty())
    return Error::unsupported("/linux/personality/flags", "the specification knows no flag");
  if (personality.domain == "LINUX") return std::optional<unsigned long>(PER_LINUX);
  if (personality.domain == "LINUX32") return std::optional<unsigned long>(PER_LINUX32);
  return Error::invalid("/linux/personality/domain", "is neither LINUX nor LINUX32");
}

// The process keeps the groups of the caller, of which a user namespace can't know the numbers.
void keep_groups(ProcessPlan& steps, std::vector<std::string>& warnings) {
  steps.set_groups = false;
  const auto gids = std::exchange(steps.additional_gids, {});
  if (std::ranges::all_of(gids, [&](gid_t gid) { return gid == steps.gid; })) return;
  warnings.push_back(text::cat("/process/user/additionalGids: ", annotations::kKeepGroups,
                               " keeps the caller's groups, these are ignored"));
}

void add_listen_variables(const RunOptions& options, std::vector<std::string>& env) {
  if (options.listen_fds == 0) return;
  std::erase_if(env, [](const std::string& entry) { return entry.starts_with("LISTEN_"); });
  env.push_back(text::cat("LISTEN_FDS=", options.listen_fds));
  if (!options.listen_names.empty()) env.push_back(text::cat("LISTEN_FDNAMES=", options.listen_names));
}

Result<void> check_process(const spec::Process& process) {
  if (process.cwd.empty()) return Error::invalid("/process/cwd", "is required");
  if (process.cwd[0] != '/') return Error::invalid("/process/cwd", "is not absolute");
  if (process.args.empty()) return Error::invalid("/process/args", "is empty");
  if (process.args[0].empty()) return Error::invalid("/process/args/0", "is empty");
  const std::optional<int> adjustment = process.oom_score_adj;
  if (adjustment && (*adjustment < -1000 || *adjustment > 1000)) {
    return Error::invalid("/process/oomScoreAdj", text::cat(*adjustment, " is not between -1000 and 1000"));
  }
  if (process.user.umask.value_or(0) > 0777) return Error::invalid("/process/user/umask", "is above 0777");
  return {};
}

}  // namespace

Result<std::optional<ProcessPlan>> plan_process(const Input& in, Plan& plan) {
  if (!in.spec.process) return std::optional<ProcessPlan>();
  const spec::Process& process = *in.spec.process;
  TRY(check_process(process));
  TRY(check_terminal(in, process));
  TRY(check_ids(in, plan, process.user));
  ProcessPlan steps;
  steps.terminal = process.terminal;
  if (process.terminal) steps.console_size = process.console_size;
  steps.cwd = process.cwd;
  steps.args = process.args;
  steps.env = TRY(plan_env(process.env));
  add_listen_variables(in.options, steps.env);
  steps.listens = in.options.listen_fds > 0;
  const auto is_home = [](const std::string& entry) {
    return entry.starts_with("HOME=") && entry.size() > 5;
  };
  steps.home_missing = std::ranges::none_of(steps.env, is_home);
  steps.uid = process.user.uid;
  steps.gid = process.user.gid;
  if (!plan.namespaces.has(CLONE_NEWUSER)) {
    steps.host_uid = steps.uid;
  } else if (const auto mapped = host_id(in.linux.uid_mappings, steps.uid)) {
    steps.host_uid = *mapped;
  }
  steps.additional_gids.assign(process.user.additional_gids.begin(), process.user.additional_gids.end());
  steps.set_groups = in.host.euid == 0 || !steps.additional_gids.empty();
  if (annotations::value(in.spec, annotations::kKeepGroups) == "1") keep_groups(steps, plan.warnings);
  steps.umask = process.user.umask.value_or(022);
  // None asked for is none given, as runc and crun have it.
  steps.capabilities = plan_capabilities(in, plan, process.capabilities.value_or(spec::Capabilities()));
  steps.no_new_privileges = process.no_new_privileges;
  if (process.oom_score_adj) steps.oom_score_adj = *process.oom_score_adj;
  steps.rlimits = TRY(plan_rlimits(process.rlimits));
  steps.personality = TRY(plan_personality(in));
  TRY(plan_scheduling(process, steps, plan.warnings));
  TRY(plan_process_labels(in, process, steps));
  steps.memory_policy = TRY(plan_memory_policy(in.linux));
  steps.preserve_fds = in.options.listen_fds + in.options.preserve_fds;
  return std::optional<ProcessPlan>(std::move(steps));
}

}  // namespace estiva::plan
