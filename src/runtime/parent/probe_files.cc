// SPDX-License-Identifier: Apache-2.0
// What a configuration names on the host and in the root file system: is it there, and is it what it has to be? Opens
// nothing for writing.
#include <fcntl.h>
#include <net/if.h>
#include <unistd.h>

#include <algorithm>

#include "estiva/base/files.h"
#include "estiva/base/root_dir.h"
#include "estiva/base/sys_process.h"
#include "estiva/base/text.h"
#include "runtime/parent/check.h"
#include "runtime/parent/resctrl.h"
#include "runtime/plan/cgroup_resources.h"

namespace estiva::check {

namespace {

void error(std::vector<Finding>& found, std::string path, std::string message, std::string hint = "") {
  found.push_back({Severity::kError, "host", std::move(path), std::move(message), std::move(hint)});
}

std::string because(const Error& error) {
  return error.parts().errnum == ENOENT ? "is not there" : error.to_string();
}

void probe_rootfs(const Plan& plan, std::vector<Finding>& found) {
  const Result<Fd> root = sys::open(plan.rootfs.path, O_PATH | O_DIRECTORY);
  if (!root.ok())
    error(found, "/root/path", text::cat(text::quote(plan.rootfs.path), " ", because(root.error())));
}

// A mount of type cgroup has parts of the cgroup that is still to be made.
bool is_own_cgroup(const Plan& plan, const std::string& path) {
  return std::ranges::any_of(plan.cgroup_layout.hierarchies, [&](const CgroupHierarchy& one) {
    return path == one.mount_point + plan.cgroup.path;
  });
}

void probe_sources(const Plan& plan, std::vector<Finding>& found) {
  for (const MountEntry& entry : plan.rootfs.mounts) {
    const MountStep& step = entry.mount;
    if (step.kind != MountKind::kBind || is_own_cgroup(plan, step.source)) continue;
    const int flags = step.source_link || step.copy_link ? AT_SYMLINK_NOFOLLOW : 0;
    const Result<struct stat> there = sys::fstatat(FdView::cwd(), step.source, flags);
    if (!there.ok())
      error(found, step.object + "/source", text::cat(text::quote(step.source), " ", because(there.error())));
  }
}

void probe_namespaces(const Plan& plan, std::vector<Finding>& found) {
  for (const NamespaceJoin& join : plan.namespaces.join) {
    const Result<Fd> ns = sys::open(join.path, O_RDONLY | O_NOCTTY | O_NONBLOCK);
    if (!ns.ok()) {
      error(found, join.object, text::cat(text::quote(join.path), " ", because(ns.error())));
      continue;
    }
    const Result<uint64_t> type = sys::namespace_type(ns.value());
    if (!type.ok() || type.value() != join.flag)
      error(found, join.object, text::cat(text::quote(join.path), " is no namespace of this type"));
  }
}

void probe_hooks(const Plan& plan, std::vector<Finding>& found) {
  const spec::Hooks& hooks = plan.hooks;
  // startContainer hooks are in the container.
  const struct {
    const char* name;
    const std::vector<spec::Hook>& hooks;
  } kinds[] = {{"prestart", hooks.prestart},
               {"createRuntime", hooks.create_runtime},
               {"createContainer", hooks.create_container},
               {"poststart", hooks.poststart},
               {"poststop", hooks.poststop}};
  for (const auto& [name, list] : kinds) {
    for (size_t i = 0; i < list.size(); ++i) {
      if (::access(list[i].path.c_str(), X_OK) == 0) continue;
      error(found, text::cat("/hooks/", name, "/", i, "/path"),
            text::cat(text::quote(list[i].path), " is no program that can be run"));
    }
  }
}

void probe_net_devices(const Plan& plan, std::vector<Finding>& found) {
  for (const NetDeviceStep& step : plan.net_devices) {
    if (::if_nametoindex(step.host_name.c_str()) == 0)
      error(found, step.object,
            text::cat("there is no ", text::quote(step.host_name), " in the caller's network namespace"));
  }
}

void probe_resctrl(const Plan& plan, std::vector<Finding>& found) {
  const Result<ResctrlRecord> group = resctrl::locate(plan.rdt);
  if (group.ok()) return;
  error(found, "/linux/intelRdt", group.error().parts().message, group.error().parts().hint);
}

void probe_devices(const Plan& plan, std::vector<Finding>& found) {
  for (const DeviceStep& step : plan.rootfs.devices) {
    if (!step.bind) continue;
    const Result<struct stat> there = sys::fstatat(FdView::cwd(), step.path, 0);
    if (!there.ok() || there.value().st_rdev != step.device)
      error(found, step.object, text::cat("the host has no such device as ", text::quote(step.path)),
            "a container in a user namespace is given the host's");
  }
}

// The program can't be judged where a mount covers it.
bool is_covered(const Plan& plan, const std::string& path) {
  return std::ranges::any_of(plan.rootfs.mounts, [&](const MountEntry& entry) {
    return path == entry.mount.destination || path.starts_with(entry.mount.destination + "/");
  });
}

std::vector<std::string> search_path(const ProcessPlan& process) {
  for (const std::string& entry : process.env) {
    if (entry.starts_with("PATH=")) return text::split(entry.substr(5), ':');
  }
  return {"/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"};
}

void probe_program(const Plan& plan, std::vector<Finding>& found) {
  if (!plan.process) return;
  const Result<RootDir> root = RootDir::open(plan.rootfs.path);
  if (!root.ok()) return;  // probe_rootfs
  const std::string& name = plan.process->args[0];
  std::vector<std::string> candidates;
  if (name.find('/') == std::string::npos) {
    for (const std::string& directory : search_path(*plan.process))
      candidates.push_back(text::cat(directory, "/", name));
  } else {
    candidates.push_back(name[0] == '/' ? name : text::cat(plan.process->cwd, "/", name));
  }
  bool is_there = false;
  for (const std::string& candidate : candidates) {
    if (is_covered(plan, candidate)) return;
    const Result<Fd> file = root.value().open_at(candidate, O_PATH);
    if (!file.ok()) continue;
    is_there = true;
    const Result<struct stat> info = sys::fstat(file.value());
    if (info.ok() && S_ISREG(info.value().st_mode) && (info.value().st_mode & 0111) != 0) return;
  }
  error(found, "/process/args/0",
        text::cat(text::quote(name),
                  is_there ? " is no program that can be run" : " is not in the root file system"));
}

}  // namespace

void probe_files(const Plan& plan, std::vector<Finding>& found) {
  probe_rootfs(plan, found);
  probe_program(plan, found);
  probe_sources(plan, found);
  probe_namespaces(plan, found);
  probe_devices(plan, found);
  probe_hooks(plan, found);
  probe_net_devices(plan, found);
  probe_resctrl(plan, found);
}

}  // namespace estiva::check
