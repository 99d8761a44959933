// SPDX-License-Identifier: Apache-2.0
// The plan as text: one step a line, in the order in which it is done. For people and for the golden tests.
#include <sched.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>

#include "estiva/base/text.h"
#include "runtime/plan/names.h"
#include "runtime/plan/parts.h"

namespace estiva {

namespace {

using text::cat;

std::string hex(uint64_t value) {
  char buffer[24];
  const auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, value, 16);
  return cat("0x", std::string_view(buffer, static_cast<size_t>(end - buffer)));
}

std::string words(const std::vector<std::string>& list) {
  std::string line;
  for (const std::string& word : list) line += cat(" ", text::quote(word));
  return line;
}

std::string print_namespaces(const NamespacePlan& plan) {
  std::string out;
  for (size_t i = 0; i < std::size(spec::kNamespaceTypeNames); ++i) {
    const uint64_t flag = names::clone_flag(static_cast<spec::NamespaceType>(i));
    if (plan.creates(flag)) out += cat("namespace ", spec::kNamespaceTypeNames[i], " new\n");
    if (const NamespaceJoin* join = plan.joins(flag))
      out += cat("namespace ", spec::kNamespaceTypeNames[i], " join ", join->path, "\n");
  }
  for (const auto& [name, map] : {std::pair{"uid_map", &plan.uid_map},
                                  {"gid_map", &plan.gid_map},
                                  {"timens_offsets", &plan.time_offsets}}) {
    if (map->empty()) continue;
    for (const std::string& line : text::split(text::trim(*map), '\n')) out += cat(name, " ", line, "\n");
  }
  return out;
}

std::string print_cgroup(const CgroupPlan& plan) {
  std::string out = plan.path.empty() ? "" : cat("cgroup ", plan.path, "\n");
  for (const CgroupFile& file : plan.files) {
    out += cat("cgroup file ", file.controller.empty() ? "" : cat(file.controller, ":"), file.file, " = ",
               file.value, "\n");
  }
  for (const DeviceLine& line : plan.device_lines)
    out += cat("cgroup devices.", line.allow ? "allow " : "deny ", line.line, "\n");
  if (!plan.device_program.empty())
    out += cat("cgroup device program, ", plan.device_program.size(), " instructions\n");
  if (!plan.delegated.empty()) {
    out += cat("cgroup ", plan.path, plan.delegated, " delegated");
    out += plan.delegated_owner ? cat(" to ", *plan.delegated_owner, "\n") : "\n";
  }
  return out;
}

// One line, "uid 0:1000:1,1:5000:10".
std::string print_map(const char* name, const std::string& map) {
  std::string entries(text::trim(map));
  std::ranges::replace(entries, ' ', ':');
  std::ranges::replace(entries, '\n', ',');
  return cat(" ", name, " ", entries);
}

std::string print_id_map(const MountIdMap& map) {
  const char* kind = map.recursive ? " ridmap" : " idmap";
  if (map.uid_map.empty()) return cat(kind, " of the joined user namespace");
  return cat(kind, print_map("uid", map.uid_map), print_map("gid", map.gid_map));
}

std::string print_mount(const MountStep& step) {
  constexpr const char* kKinds[] = {"mount", "bind", "remount", "propagation"};
  std::string out = cat(kKinds[static_cast<size_t>(step.kind)], " ", step.destination);
  if (step.kind == MountKind::kFilesystem) out += cat(" type ", step.type);
  if (!step.source.empty() && step.kind != MountKind::kRemount) out += cat(" from ", step.source);
  if (step.recursive) out += " recursive";
  if (step.set != 0 || step.clear != 0) out += cat(" set ", hex(step.set), " clear ", hex(step.clear));
  if (step.recursive_set != 0 || step.recursive_clear != 0) {
    out += cat(" recursive-set ", hex(step.recursive_set), " recursive-clear ", hex(step.recursive_clear));
  }
  if (step.superblock_flags != 0) out += cat(" superblock ", hex(step.superblock_flags));
  if (step.copy_up) out += " copy-up";
  if (!step.label.empty()) out += cat(" label ", step.label);
  if (step.source_link) out += " source-not-followed";
  if (step.target_link) out += " target-not-followed";
  if (step.copy_link) out += " or link";
  if (step.id_map) out += print_id_map(*step.id_map);
  for (const unsigned long flags : step.propagation) out += cat(" propagation ", hex(flags));
  for (const FsOption& option : step.options)
    out += cat(" ", option.key, option.has_value ? cat("=", option.value) : "");
  return out + "\n";
}

std::string print_net_devices(const std::vector<NetDeviceStep>& steps) {
  std::string out;
  for (const NetDeviceStep& step : steps) out += cat("net device ", step.host_name, " as ", step.name, "\n");
  return out;
}

std::string print_rdt(const std::optional<RdtStep>& step) {
  if (!step) return "";
  std::string out = cat("resctrl group /", step->group,
                        step->must_make  ? " new"
                        : step->may_make ? " new or there"
                                         : "",
                        "\n");
  for (const std::string& line : text::split(text::trim(step->schemata), '\n')) {
    if (!line.empty()) out += cat("resctrl schemata ", line, "\n");
  }
  if (!step->monitor.empty()) out += cat("resctrl monitoring group ", step->monitor, "\n");
  return out;
}

std::string print_rootfs(const RootfsPlan& plan) {
  std::string out = cat("rootfs ", plan.path, plan.readonly ? " read-only" : "",
                        plan.pivot ? " pivot_root" : " chroot", "\n");
  if (plan.propagation != 0) out += cat("rootfs propagation ", hex(plan.propagation), "\n");
  for (const MountEntry& entry : plan.mounts) {
    out += print_mount(entry.mount);
    for (const LinkStep& link : entry.links) out += cat("link ", link.path, " -> ", link.target, "\n");
  }
  for (const DeviceStep& device : plan.devices) {
    const char type = S_ISCHR(device.mode) ? 'c' : S_ISBLK(device.mode) ? 'b' : 'p';
    out += cat("device ", device.path, " ", type, " ", major(device.device), ":", minor(device.device), " ",
               text::octal(device.mode & 07777), " ", device.uid, ":", device.gid, device.bind ? " bind" : "",
               "\n");
  }
  for (const LinkStep& link : plan.links) out += cat("link ", link.path, " -> ", link.target, "\n");
  for (const std::string& path : plan.readonly_paths) out += cat("read-only ", path, "\n");
  for (const std::string& path : plan.masked_paths) out += cat("mask ", path, "\n");
  return out;
}

std::string print_capabilities(const CapabilitySets& sets) {
  std::string out;
  const std::pair<const char*, uint64_t> all[] = {{"bounding", sets.bounding},
                                                  {"effective", sets.effective},
                                                  {"permitted", sets.permitted},
                                                  {"inheritable", sets.inheritable},
                                                  {"ambient", sets.ambient}};
  for (const auto& [name, bits] : all) {
    out += cat("capabilities ", name);
    for (int number = 0; number < 64; ++number) {
      if (bits >> number & 1) out += cat(" ", names::capability_name(number));
    }
    out += "\n";
  }
  return out;
}

std::string print_scheduling(const ProcessPlan& plan) {
  std::string out;
  if (plan.scheduler) {
    const SchedulerStep& step = *plan.scheduler;
    out += cat("scheduler policy ", step.policy, " flags ", hex(step.flags), " nice ", step.nice,
               " priority ", step.priority);
    if (step.runtime != 0)
      out += cat(" runtime ", step.runtime, " deadline ", step.deadline, " period ", step.period);
    out += "\n";
  }
  if (plan.io_priority) out += cat("io priority ", hex(static_cast<uint64_t>(*plan.io_priority)), "\n");
  if (plan.memory_policy) {
    out += cat("memory policy ", hex(static_cast<uint64_t>(plan.memory_policy->mode)), " nodes ",
               plan::print_numbers(plan.memory_policy->nodes), "\n");
  }
  return out;
}

std::string print_process(const ProcessPlan& plan) {
  std::string out;
  if (plan.oom_score_adj) out += cat("oom_score_adj ", *plan.oom_score_adj, "\n");
  for (const RlimitStep& limit : plan.rlimits)
    out += cat("rlimit ", limit.name, " ", limit.soft, " ", limit.hard, "\n");
  out += print_scheduling(plan);
  if (plan.personality) out += cat("personality ", hex(*plan.personality), "\n");
  out += cat("umask ", text::octal(plan.umask), "\nuser ", plan.uid, ":", plan.gid);
  for (const gid_t gid : plan.additional_gids) out += cat(" +", gid);
  out += "\n";
  out += print_capabilities(plan.capabilities);
  if (plan.no_new_privileges) out += "no_new_privs\n";
  if (!plan.apparmor_profile.empty()) out += cat("apparmor profile ", plan.apparmor_profile, "\n");
  if (!plan.selinux_label.empty()) out += cat("selinux label ", plan.selinux_label, "\n");
  if (plan.terminal) out += "terminal\n";
  if (plan.preserve_fds > 0) out += cat("keep descriptors 3 to ", plan.preserve_fds + 2, "\n");
  out += cat("cwd ", plan.cwd, "\n");
  for (const std::string& entry : plan.env) out += cat("env ", text::quote(entry), "\n");
  if (plan.home_missing) out += "env HOME from /etc/passwd\n";
  if (plan.listens) out += "env LISTEN_PID of the process\n";
  return out + cat("exec", words(plan.args), "\n");
}

std::string print_seccomp(const SeccompPlan& plan) {
  const spec::Seccomp& profile = plan.profile;
  std::string out = plan.program.empty() ? cat("seccomp ", spec::name(profile.default_action), ", ",
                                               profile.syscalls.size(), " rules")
                                         : cat("seccomp program, ", plan.program.size(), " instructions");
  if (plan.known_calls) out += ", known system calls only";
  if (!profile.listener_path.empty()) out += cat(", agent ", profile.listener_path);
  return out + "\n";
}

std::string print_hooks(const char* kind, const std::vector<spec::Hook>& hooks) {
  std::string out;
  for (const spec::Hook& hook : hooks) out += cat("hook ", kind, " ", hook.path, words(hook.args), "\n");
  return out;
}

}  // namespace

std::string to_text(const Plan& plan) {
  std::string out;
  for (const std::string& warning : plan.warnings) out += cat("warning ", warning, "\n");
  out += print_cgroup(plan.cgroup) + print_namespaces(plan.namespaces);
  out += print_net_devices(plan.net_devices);
  out += print_rdt(plan.rdt);
  if (plan.new_keyring) out += "session keyring new\n";
  out +=
      print_hooks("prestart", plan.hooks.prestart) + print_hooks("createRuntime", plan.hooks.create_runtime);
  out += print_hooks("createContainer", plan.hooks.create_container);
  out += print_rootfs(plan.rootfs);
  if (!plan.hostname.empty()) out += cat("hostname ", plan.hostname, "\n");
  if (!plan.domainname.empty()) out += cat("domainname ", plan.domainname, "\n");
  for (const SysctlStep& step : plan.sysctls)
    out += cat("sysctl ", step.path, " = ", text::quote(step.value), "\n");
  if (plan.seccomp) out += print_seccomp(*plan.seccomp);
  out += print_hooks("startContainer", plan.hooks.start_container);
  if (plan.process) out += print_process(*plan.process);
  return out + print_hooks("poststart", plan.hooks.poststart) + print_hooks("poststop", plan.hooks.poststop);
}

}  // namespace estiva
