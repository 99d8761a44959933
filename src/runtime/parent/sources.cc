// SPDX-License-Identifier: Apache-2.0
// Opens mount sources, devices and namespaces on the host's side.
#include "runtime/parent/sources.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/sysmacros.h>

#include <algorithm>

#include "estiva/base/sys_mount.h"
#include "estiva/base/sys_process.h"
#include "estiva/base/text.h"
#include "runtime/child/mount_calls.h"
#include "runtime/parent/hooks.h"
#include "runtime/parent/id_maps.h"
#include "runtime/plan/annotations.h"
#include "runtime/plan/names.h"
#include "runtime/plan/sysctl.h"

namespace estiva {

namespace {

Result<Fd> open_tree(const std::string& path, bool recursive) {
  return sys::open_tree(FdView::cwd(), path, OPEN_TREE_CLONE | (recursive ? AT_RECURSIVE : 0));
}

Result<void> open_bind(child::Context& c, IdMaps& id_maps, size_t index) {
  const MountStep& step = c.plan.rootfs.mounts[index].mount;
  // The child copies it.
  if (step.copy_link && sys::readlinkat(FdView::cwd(), step.source).ok()) return {};
  Fd tree = TRY(child::open_bind(c, step));
  TRY(id_maps.apply(step, tree));
  c.mount_sources[index] = std::move(tree);
  return {};
}

Result<void> open_device(child::Context& c, size_t index) {
  const DeviceStep& step = c.plan.rootfs.devices[index];
  Result<Fd> tree = open_tree(step.path, false);
  if (!tree.ok())
    return child::missing_on_host(std::move(tree).error(), text::quote(step.path)).object(step.object);
  const struct stat info = TRY(sys::fstat(tree.value()));
  if ((info.st_mode & S_IFMT) != (step.mode & S_IFMT) || info.st_rdev != step.device) {
    return Error::invalid(step.object, text::cat(text::quote(step.path), " of the host is another device"));
  }
  c.device_sources[index] = std::move(tree).value();
  return {};
}

Result<void> open_null(child::Context& c) {
  c.null_tree = TRY(open_tree("/dev/null", false).context([] { return "/linux/maskedPaths"; }));
  const struct stat info = TRY(sys::fstat(c.null_tree));
  if (S_ISCHR(info.st_mode) && info.st_rdev == makedev(1, 3)) return {};
  return Error(Code::kSystem, "/dev/null of the host is not the null device").object("/linux/maskedPaths");
}

Result<void> open_namespaces(child::Context& c) {
  for (const NamespaceJoin& join : c.plan.namespaces.join) {
    Result<Fd> ns = sys::open(join.path, O_RDONLY | O_NOCTTY | O_NONBLOCK);
    if (!ns.ok())
      return child::missing_on_host(std::move(ns).error(), text::quote(join.path)).object(join.object);
    const Result<uint64_t> type = sys::namespace_type(ns.value());
    if (!type.ok()) return Error::invalid(join.object, text::cat(text::quote(join.path), " is no namespace"));
    if (type.value() != join.flag) {
      return Error::invalid(join.object,
                            text::cat(text::quote(join.path), " is a namespace of another type"));
    }
    c.namespaces.push_back(std::move(ns).value());
  }
  return {};
}

Result<bool> is_our_own(FdView ns, uint64_t flag) {
  for (size_t i = 0; i < std::size(spec::kNamespaceTypeNames); ++i) {
    const auto type = static_cast<spec::NamespaceType>(i);
    if (names::clone_flag(type) != flag) continue;
    const std::string path = text::cat("/proc/self/ns/", names::proc_file(type));
    return TRY(sys::fstat(ns)).st_ino == TRY(sys::fstatat(FdView::cwd(), path, 0)).st_ino;
  }
  return false;
}

// What a path leads to is only known now.
Result<void> check_sysctls(const child::Context& c) {
  for (const SysctlStep& step : c.plan.sysctls) {
    const uint64_t owner = plan::sysctl_owner(step.path);
    for (size_t i = 0; i < c.namespaces.size(); ++i) {
      const NamespaceJoin& join = c.plan.namespaces.join[i];
      if (join.flag == owner && TRY(is_our_own(c.namespaces[i], join.flag)))
        return Error::invalid(
            step.object,
            text::cat(text::quote(join.path), " is the namespace of the host: it would change the host"));
    }
  }
  return {};
}

Result<void> open_rootfs(child::Context& c) {
  // The slash: a file is no root.
  const std::string path = c.plan.rootfs.path + "/";
  const bool detached = c.plan.new_mount_api && c.plan.namespaces.creates(CLONE_NEWNS);
  Result<Fd> opened = detached ? open_tree(path, true) : sys::open(path, O_PATH | O_DIRECTORY);
  if (!opened.ok())
    return child::missing_on_host(std::move(opened).error(), text::quote(c.plan.rootfs.path))
        .object("/root/path");
  if (!detached) return {};
  c.rootfs_tree = std::move(opened).value();
  struct mount_attr attributes = {};
  attributes.propagation = MS_SLAVE;
  return sys::mount_setattr(c.rootfs_tree, "", AT_EMPTY_PATH | AT_RECURSIVE, attributes).context([] {
    return "/root/path";
  });
}

Result<void> open_host_proc_if_needed(child::Context& c) {
  const NamespacePlan& namespaces = c.plan.namespaces;
  const bool needed =
      (c.plan.process && has_label(*c.plan.process)) || !c.plan.sysctls.empty() ||
      namespaces.joins(CLONE_NEWUSER) != nullptr || namespaces.creates(CLONE_NEWTIME) ||
      std::ranges::any_of(c.plan.rootfs.mounts, [](const MountEntry& entry) { return entry.mount.copy_up; });
  if (needed) c.host_proc = TRY(open_host_proc());
  return {};
}

Result<Fd> open_hook_file(const Plan& plan, std::string_view annotation) {
  const auto path = plan.annotations.find(std::string(annotation));
  return path == plan.annotations.end() ? Result<Fd>(Fd()) : open_hook_output(path->second, annotation);
}

Result<void> open_hook_files(child::Context& c) {
  if (c.plan.hooks.create_container.empty() && c.plan.hooks.start_container.empty()) return {};
  c.hooks_stdout = TRY(open_hook_file(c.plan, annotations::kHooksStdout));
  c.hooks_stderr = TRY(open_hook_file(c.plan, annotations::kHooksStderr));
  return {};
}

}  // namespace

bool has_label(const ProcessPlan& process) {
  return !process.apparmor_profile.empty() || !process.selinux_label.empty();
}

Result<Fd> open_host_proc() {
  Fd proc = TRY(sys::open("/proc", O_PATH | O_DIRECTORY));
  if (TRY(sys::fstatfs(proc)).f_type == PROC_SUPER_MAGIC) return proc;
  return Error(Code::kSystem, "/proc is not a procfs");
}

Result<void> open_sources(child::Context& c) {
  const RootfsPlan& rootfs = c.plan.rootfs;
  c.mount_sources.resize(rootfs.mounts.size());
  c.device_sources.resize(rootfs.devices.size());
  TRY(open_namespaces(c));
  TRY(check_sysctls(c));
  TRY(open_rootfs(c));
  TRY(open_host_proc_if_needed(c));
  TRY(open_hook_files(c));
  if (!c.plan.new_mount_api) return {};
  IdMaps id_maps(c);
  for (size_t i = 0; i < rootfs.mounts.size(); ++i) {
    const MountStep& step = rootfs.mounts[i].mount;
    if (step.kind == MountKind::kBind && step.opening != BindOpening::kChild) TRY(open_bind(c, id_maps, i));
  }
  for (size_t i = 0; i < rootfs.devices.size(); ++i) {
    if (rootfs.devices[i].bind) TRY(open_device(c, i));
  }
  if (!rootfs.masked_paths.empty()) TRY(open_null(c));
  return {};
}

}  // namespace estiva
