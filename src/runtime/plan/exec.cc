// SPDX-License-Identifier: Apache-2.0
// The plan of `exec`. The process is a document first, whoever wrote which part of it: what the container kept, the
// file of --process, the options. Then it is planned as the container's own.
#include "runtime/plan/exec.h"

#include <sched.h>

#include <algorithm>

#include "estiva/base/text.h"
#include "runtime/plan/annotations.h"
#include "runtime/plan/names.h"
#include "runtime/plan/parts.h"

namespace estiva {

namespace {

// What a process document leaves out is as the container has it.
void inherit(spec::Process& process, const spec::Process& container) {
  if (!process.capabilities) process.capabilities = container.capabilities;
  if (process.rlimits.empty()) process.rlimits = container.rlimits;
  if (process.apparmor_profile.empty()) process.apparmor_profile = container.apparmor_profile;
  if (process.selinux_label.empty()) process.selinux_label = container.selinux_label;
  if (!process.oom_score_adj) process.oom_score_adj = container.oom_score_adj;
  if (!process.scheduler) process.scheduler = container.scheduler;
  if (!process.io_priority) process.io_priority = container.io_priority;
  if (!process.exec_cpu_affinity) process.exec_cpu_affinity = container.exec_cpu_affinity;
  if (!process.user.umask) process.user.umask = container.user.umask;
}

Result<void> set_user(const std::string& text, spec::User& user) {
  const size_t colon = text.find(':');
  const auto uid = text::number<uint32_t>(std::string_view(text).substr(0, colon));
  const auto gid = colon == std::string::npos
                       ? std::optional<uint32_t>(user.gid)
                       : text::number<uint32_t>(std::string_view(text).substr(colon + 1));
  if (!uid || !gid) {
    return Error::invalid(kUserOption, text::cat(text::quote(text), " is not UID[:GID]"))
        .hint("both are numbers from 0 to 4294967294; names are not looked up");
  }
  user.uid = *uid;
  user.gid = *gid;
  return {};
}

// Never inheritable, and ambient only where the configuration made it inheritable (CVE-2022-29162).
Result<void> add_capability(const std::string& name, spec::Capabilities& sets) {
  if (!names::capability(name))
    return Error::invalid("--cap", text::cat(text::quote(name), " is no capability"));
  for (auto* set : {&sets.bounding, &sets.effective, &sets.permitted}) set->push_back(name);
  if (std::ranges::find(sets.inheritable, name) != sets.inheritable.end()) sets.ambient.push_back(name);
  return {};
}

Result<void> set_credentials(const ExecOptions& options, spec::Process& process) {
  if (options.user) TRY(set_user(*options.user, process.user));
  process.user.additional_gids.insert(process.user.additional_gids.end(), options.additional_gids.begin(),
                                      options.additional_gids.end());
  if (!options.capabilities.empty() && !process.capabilities) process.capabilities.emplace();
  for (const std::string& name : options.capabilities) TRY(add_capability(name, *process.capabilities));
  if (options.no_new_privileges) process.no_new_privileges = *options.no_new_privileges;
  if (!options.apparmor_profile.empty()) process.apparmor_profile = options.apparmor_profile;
  if (!options.selinux_label.empty()) process.selinux_label = options.selinux_label;
  return {};
}

// Its args, and the document that the rest of it starts from.
Result<spec::Process> base_of(const ExecDefaults& container, const ExecOptions& options) {
  static const spec::Process kNone;
  spec::Process process;
  if (options.document) {
    if (!options.args.empty())
      return Error::invalid(kProcessOption, "and a program with arguments exclude each other");
    process = *options.document;
    inherit(process, container.process ? *container.process : kNone);
    return process;
  }
  if (!container.process) {
    return Error(Code::kInvalid, "the container's configuration has no process to take after")
        .hint("--process FILE gives one");
  }
  if (options.args.empty()) return Error(Code::kInvalid, "no program is given");
  process = *container.process;
  process.args = options.args;
  process.terminal = false;
  return process;
}

Result<spec::Process> compose(const ExecDefaults& container, const ExecOptions& options) {
  spec::Process process = TRY(base_of(container, options));
  if (!options.cwd.empty()) process.cwd = options.cwd;
  process.env.insert(process.env.end(), options.env.begin(), options.env.end());
  if (options.terminal) process.terminal = *options.terminal;
  TRY(set_credentials(options, process));
  return process;
}

Result<NamespacePlan> plan_joins(const ExecDefaults& container, const ContainerFacts& facts) {
  NamespacePlan plan;
  for (size_t i = 0; i < std::size(spec::kNamespaceTypeNames); ++i) {
    const auto type = static_cast<spec::NamespaceType>(i);
    const uint64_t flag = names::clone_flag(type);
    if ((facts.namespaces & flag) == 0) continue;
    const std::string path = text::cat("/proc/", facts.pid, "/ns/", names::proc_file(type));
    plan.join.push_back({flag, path, text::cat("the container's ", spec::name(type), " namespace")});
  }
  if (!plan.has(CLONE_NEWUSER)) return plan;
  plan.uid_map = TRY(plan::map_text(container.linux.uid_mappings, "/linux/uidMappings"));
  plan.gid_map = TRY(plan::map_text(container.linux.gid_mappings, "/linux/gidMappings"));
  return plan;
}

bool made_mount_namespace(const spec::Linux& linux) {
  return std::ranges::any_of(linux.namespaces, [](const spec::Namespace& one) {
    return one.type == spec::NamespaceType::kMount && one.path.empty();
  });
}

}  // namespace

namespace plan {

ExecDefaults keep_for_exec(const Input& in, const Plan& plan) {
  ExecDefaults kept;
  kept.process = in.spec.process;
  if (kept.process) kept.process->args.clear();
  kept.linux.namespaces = in.linux.namespaces;
  kept.linux.uid_mappings = in.linux.uid_mappings;
  kept.linux.gid_mappings = in.linux.gid_mappings;
  kept.linux.personality = in.linux.personality;
  kept.linux.memory_policy = in.linux.memory_policy;
  kept.linux.intel_rdt = in.linux.intel_rdt;
  if (plan.seccomp) {  // its rules are kept compiled
    const spec::Seccomp& profile = plan.seccomp->profile;
    spec::Seccomp& seccomp = kept.linux.seccomp.emplace();
    seccomp.default_action = profile.default_action;
    seccomp.flags = profile.flags;
    seccomp.listener_path = profile.listener_path;
    seccomp.listener_metadata = profile.listener_metadata;
  }
  kept.new_keyring = in.options.new_keyring;
  return kept;
}

}  // namespace plan

Error locate(const ExecOptions& options, Error error) {
  constexpr std::string_view kProcess = "/process";
  const std::string object = error.parts().object;
  if (!object.starts_with(kProcess)) return error;
  if (options.document)
    return std::move(error).object(object.substr(kProcess.size())).context(options.document_path);
  const struct {
    const char* property;
    const char* option;
    bool given;
  } kOptions[] = {
      {"/process/args", "", true},
      {"/process/terminal", runtime_options::kTty, true},
      {"/process/cwd", "--cwd", !options.cwd.empty()},
      {"/process/env", "--env", !options.env.empty()},
      {"/process/user/uid", kUserOption, options.user.has_value()},
      {"/process/user/gid", kUserOption, options.user.has_value()},
      {"/process/user/additionalGids", "--additional-gids", !options.additional_gids.empty()},
      {"/process/apparmorProfile", "--apparmor", !options.apparmor_profile.empty()},
      {"/process/selinuxLabel", "--process-label", !options.selinux_label.empty()},
  };
  for (const auto& [property, option, given] : kOptions) {
    if (given && object.starts_with(property)) return std::move(error).object(option);
  }
  return error;
}

Result<ExecPlan> plan_exec(const ExecDefaults& container, const ContainerFacts& facts, const HostFacts& host,
                           const ExecOptions& options) {
  spec::Spec spec;
  spec.process = TRY(compose(container, options));
  spec.annotations = facts.annotations;
  const plan::Input in{spec, container.linux, host, options.run};
  ExecPlan plan;
  plan.cgroups = TRY(plan_sub_cgroups(options.cgroups));
  plan.follows_init =
      plan.cgroups.empty() && !annotations::value(spec, annotations::kDelegateCgroup).value_or("").empty();
  plan.enters_root = !made_mount_namespace(container.linux);
  Plan& shared = plan.shared;
  shared.id = options.run.id;
  shared.new_keyring = container.new_keyring;
  shared.cgroup.path = facts.cgroup;
  if (container.linux.seccomp) shared.seccomp.emplace().profile = *container.linux.seccomp;
  shared.namespaces = TRY(plan_joins(container, facts));
  Result<std::optional<ProcessPlan>> process = plan::plan_process(in, shared);
  if (!process.ok()) return locate(options, std::move(process).error());
  shared.process = std::move(process).value();
  // What can't be granted of the container's own was said when it was made.
  const bool own = options.capabilities.empty() && !(options.document && options.document->capabilities);
  if (own) shared.warnings.clear();
  return plan;
}

}  // namespace estiva
