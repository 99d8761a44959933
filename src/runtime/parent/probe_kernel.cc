// SPDX-License-Identifier: Apache-2.0
// What a configuration needs of the kernel and its devices, looked up where the kernel tells it: procfs, sysfs.
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <map>

#include "estiva/base/files.h"
#include "estiva/base/sys_process.h"
#include "estiva/base/text.h"
#include "runtime/parent/check.h"
#include "runtime/plan/number_list.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

namespace estiva::check {

namespace {

constexpr size_t kMaxFile = 1 << 20;

void add(std::vector<Finding>& found, Severity severity, std::string path, std::string message,
         std::string hint = "") {
  found.push_back({severity, "host", std::move(path), std::move(message), std::move(hint)});
}

// Empty where it can't be read.
std::string content(const std::string& path) {
  const Result<std::string> text = files::read_all(FdView::cwd(), path, kMaxFile);
  return text.ok() ? std::string(text::trim(text.value())) : "";
}

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

bool may(int capability) {
  const Result<uint64_t> held = sys::permitted_capabilities();
  return held.ok() && (held.value() >> capability & 1) != 0;
}

void probe_namespaces(const Plan& plan, std::vector<Finding>& found) {
  constexpr struct {
    uint64_t flag;
    const char *file, *name;
  } kKinds[] = {{CLONE_NEWTIME, "time", "Linux 5.6"},
                {CLONE_NEWCGROUP, "cgroup", "Linux 4.6"},
                {CLONE_NEWUSER, "user", "Linux 3.8"}};
  for (const auto& [flag, file, since] : kKinds) {
    if (plan.namespaces.creates(flag) && !exists(text::cat("/proc/self/ns/", file)))
      add(found, Severity::kError, "/linux/namespaces", text::cat("this kernel has no ", file, " namespaces"),
          text::cat("they came with ", since));
  }
  if (plan.namespaces.creates(CLONE_NEWUSER) && content("/proc/sys/user/max_user_namespaces") == "0")
    add(found, Severity::kError, "/linux/namespaces", "user namespaces are switched off",
        "sysctl user.max_user_namespaces");
}

// A module may bring it when it is asked for.
void probe_filesystems(const Plan& plan, std::vector<Finding>& found) {
  const std::vector<std::string> lines = text::split(content("/proc/filesystems"), '\n');
  for (const MountEntry& entry : plan.rootfs.mounts) {
    const MountStep& step = entry.mount;
    if (step.kind != MountKind::kFilesystem) continue;
    const auto is_it = [&](const std::string& line) { return line.substr(line.find('\t') + 1) == step.type; };
    if (std::ranges::none_of(lines, is_it))
      add(found, Severity::kWarning, step.object + "/type",
          text::cat("this kernel knows no file system ", text::quote(step.type), " so far"),
          "a module may have it");
  }
}

void probe_mount_calls(const Plan& plan, std::vector<Finding>& found) {
  if (plan.new_mount_api) return;
  for (const MountEntry& entry : plan.rootfs.mounts) {
    const MountStep& step = entry.mount;
    if (step.id_map)
      add(found, Severity::kError, step.id_map->object, "id-mapped mounts need Linux 5.12 and CAP_SYS_ADMIN");
    if ((step.recursive_set | step.recursive_clear) != 0)
      add(found, Severity::kError, step.object + "/options",
          "recursive attributes need Linux 5.12 and CAP_SYS_ADMIN");
  }
}

void probe_sysctls(const Plan& plan, std::vector<Finding>& found) {
  for (const SysctlStep& step : plan.sysctls) {
    if (!exists("/proc/sys/" + step.path))
      add(found, Severity::kError, step.object, "this kernel has no such parameter", "a module may have it");
  }
}

void probe_limits(const ProcessPlan& process, std::vector<Finding>& found) {
  const auto most = text::number<uint64_t>(content("/proc/sys/fs/nr_open"));
  for (const RlimitStep& step : process.rlimits) {
    struct rlimit now = {};
    if (::getrlimit(static_cast<__rlimit_resource>(step.resource), &now) != 0) continue;
    if (step.resource == RLIMIT_NOFILE && most && step.hard > *most)
      add(found, Severity::kError, step.object + "/hard", text::cat("the kernel allows ", *most, " at most"),
          "sysctl fs.nr_open");
    else if (step.hard > now.rlim_max && !may(CAP_SYS_RESOURCE))
      add(found, Severity::kError, step.object + "/hard",
          "is above our own limit, which needs CAP_SYS_RESOURCE");
  }
  const auto ours = text::number<int>(content("/proc/self/oom_score_adj"));
  if (process.oom_score_adj && ours && *process.oom_score_adj < *ours && !may(CAP_SYS_RESOURCE))
    add(found, Severity::kError, "/process/oomScoreAdj",
        text::cat("to go below our own, ", *ours, ", needs CAP_SYS_RESOURCE"));
}

void probe_apparmor(const ProcessPlan& process, std::vector<Finding>& found) {
  const std::string loaded = content("/sys/kernel/security/apparmor/profiles");
  const std::string& wanted = process.apparmor_profile;
  if (wanted.empty() || wanted == "unconfined" || loaded.empty()) return;
  for (const std::string& line : text::split(loaded, '\n')) {
    if (line.starts_with(wanted + " (")) return;
  }
  add(found, Severity::kError, "/process/apparmorProfile",
      text::cat("the profile ", text::quote(wanted), " is not loaded"), "apparmor_parser");
}

void probe_memory_nodes(const ProcessPlan& process, std::vector<Finding>& found) {
  if (!process.memory_policy) return;
  const Result<NumberSet> read =
      plan::read_numbers(content("/sys/devices/system/node/online"), plan::kMaxNodes, "");
  if (!read.ok()) return;
  const NumberSet& online = read.value();
  const NumberSet& wanted = process.memory_policy->nodes;
  bool all = true;
  for (size_t i = 0; i < wanted.size(); ++i) all &= (wanted[i] & ~(i < online.size() ? online[i] : 0ul)) == 0;
  if (!all)
    add(found, Severity::kError, "/linux/memoryPolicy/nodes", "names nodes that this host does not have");
}

void probe_seccomp(const Plan& plan, std::vector<Finding>& found) {
  if (!plan.seccomp) return;
  if (!exists("/proc/sys/kernel/seccomp/actions_avail"))
    add(found, Severity::kError, "/linux/seccomp", "this kernel has no seccomp filters");
}

// The devices of block I/O limits: values begin with "8:0 ".
void probe_cgroup_devices(const Plan& plan, std::vector<Finding>& found) {
  for (const CgroupFile& file : plan.cgroup.files) {
    const size_t blank = file.value.find(' ');
    const std::string device = file.value.substr(0, blank);
    if (blank == std::string::npos || device.find(':') == std::string::npos || device == "default") continue;
    if (!exists("/sys/dev/block/" + device))
      add(found, Severity::kError, file.object, text::cat("this host has no block device ", device));
  }
}

// A file that is neither in the root of the hierarchy nor in a group below it is an ability that the kernel lacks.
bool lacks(const CgroupHierarchy& hierarchy, const std::string& file) {
  if (exists(hierarchy.mount_point + "/" + file)) return false;
  const Result<Fd> root = sys::open(hierarchy.mount_point, O_RDONLY | O_DIRECTORY);
  const Result<std::vector<std::string>> names =
      root.ok() ? files::list(root.value()) : Result<std::vector<std::string>>(std::vector<std::string>());
  if (!names.ok()) return false;
  for (const std::string& name : names.value()) {
    const std::string group = text::cat(hierarchy.mount_point, "/", name);
    if (exists(group + "/cgroup.procs")) return !exists(text::cat(group, "/", file));
  }
  return false;
}

void probe_cgroup_files(const Plan& plan, std::vector<Finding>& found) {
  for (const CgroupFile& file : plan.cgroup.files) {
    const CgroupHierarchy* hierarchy =
        file.controller.empty() ? nullptr : plan.cgroup_layout.with_controller(file.controller);
    if (hierarchy == nullptr || file.optional || !lacks(*hierarchy, file.file)) continue;
    if (!file.fallback_file.empty() && !lacks(*hierarchy, file.fallback_file)) continue;
    add(found, Severity::kError, file.object, text::cat("this kernel has no ", file.file));
  }
}

}  // namespace

void probe_kernel(const Plan& plan, std::vector<Finding>& found) {
  probe_namespaces(plan, found);
  probe_filesystems(plan, found);
  probe_mount_calls(plan, found);
  probe_sysctls(plan, found);
  probe_seccomp(plan, found);
  probe_cgroup_devices(plan, found);
  probe_cgroup_files(plan, found);
  if (!plan.process) return;
  probe_limits(*plan.process, found);
  probe_apparmor(*plan.process, found);
  probe_memory_nodes(*plan.process, found);
}

}  // namespace estiva::check
