// SPDX-License-Identifier: Apache-2.0
// The mounts of the configuration, in their order. Every target is opened below the root first and mounted on by
// descriptor, so that a link that is exchanged meanwhile changes nothing (CVE-2021-30465).
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <sys/mount.h>

#include "estiva/base/sys_copy.h"
#include "estiva/base/sys_mount.h"
#include "estiva/base/text.h"
#include "runtime/child/mount_calls.h"
#include "runtime/child/steps.h"

namespace estiva::child {

namespace {

bool below_proc(const MountStep& step) {
  return step.destination == "/proc" || step.destination.starts_with("/proc/");
}

RootDir::Links links_of(const MountStep& step) {
  return step.refuse_links ? RootDir::Links::kRefuse : RootDir::Links::kFollow;
}

// A link of the image could lead a volume onto /dev, and our nodes and links into a directory of the host.
Result<void> refuse_hidden_dev(const Context& c, const MountStep& step, const Fd& target) {
  if (step.destination == "/dev" || c.plan.rootfs.devices.empty()) return {};
  const Result<Fd> dev = c.root.open_at("/dev", O_PATH);
  if (!dev.ok()) return {};
  const struct stat there = TRY(sys::fstat(target));
  const struct stat ours = TRY(sys::fstat(dev.value()));
  if (there.st_dev != ours.st_dev || there.st_ino != ours.st_ino) return {};
  return Error::invalid(step.object + "/destination", "leads to /dev by a link in the root file system");
}

// There a mount point is hardly ever there already.
bool below_new_tmpfs(const Context& c, const MountStep& step) {
  const std::string parent = step.destination.substr(0, step.destination.rfind('/'));
  for (const MountEntry& earlier : c.plan.rootfs.mounts) {
    if (&earlier.mount == &step) break;
    if (earlier.mount.type == "tmpfs" && earlier.mount.destination == parent) return true;
  }
  return false;
}

// A bind of a file needs a file to cover, everything else a directory.
Result<Fd> open_target(const Context& c, const MountStep& step, const Fd& source) {
  if (step.kind == MountKind::kRemount || step.kind == MountKind::kPropagation) {
    return c.root.open_at(step.destination, O_PATH, links_of(step));
  }
  bool directory = true;
  if (step.kind == MountKind::kBind) {
    Result<Fd> there = c.root.open_at(step.destination, O_PATH, RootDir::Links::kRefuse);
    if (there.ok()) return there;
    if (step.target_link) {
      Result<Fd> link = c.root.open_at(step.destination, O_PATH, RootDir::Links::kFollowParents);
      if (link.ok()) return link;
    }
    const int flags = step.source_link ? AT_SYMLINK_NOFOLLOW : 0;
    const struct stat info =
        source.valid() ? TRY(sys::fstat(source)) : TRY(sys::fstatat(FdView::cwd(), step.source, flags));
    directory = S_ISDIR(info.st_mode);
  }
  if (!directory) return c.root.make_file(step.destination, 0644);
  Fd target =
      TRY(below_new_tmpfs(c, step) ? c.root.make_missing_directories(step.destination, 0755, links_of(step))
                                   : c.root.make_directories(step.destination, 0755, links_of(step)));
  if (step.kind == MountKind::kBind) TRY(refuse_hidden_dev(c, step, target));
  return target;
}

// A volume over /proc would let the container fake what the runtime and its tools trust (CVE-2019-16884).
Result<void> check_bind_on_proc(const MountStep& step, const Fd& source) {
  if (step.destination != "/proc") return {};
  const struct statfs info = source.valid() ? TRY(sys::fstatfs(source)) : TRY(sys::statfs(step.source));
  if (info.f_type == PROC_SUPER_MAGIC) return {};
  return Error::invalid(step.object + "/destination", "only a procfs may be bound on /proc");
}

Result<Fd> bind(Context& c, const MountStep& step, Fd& source, const Fd& target) {
  TRY(check_bind_on_proc(step, source));
  if (source.valid() && c.plan.new_mount_api) {
    // Attributes and propagation are set already.
    Fd copy = step.opening == BindOpening::kParentThenCopy ? TRY(copy_tree(c, source, target)) : Fd();
    Fd tree = std::move(copy.valid() ? copy : source);
    TRY(sys::move_mount(tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH));
    source.reset();
    return tree;
  }
  if (!source.valid() && !step.source_link) {
    TRY(bind_mount(c, step, target));
    return Fd();
  }
  // mount(2) follows links, but not the one that a descriptor holds.
  const Fd path = source.valid() ? std::move(source) : TRY(sys::open(step.source, O_PATH | O_NOFOLLOW));
  MountStep held = step;
  held.source = descriptor_path(path);
  TRY(bind_mount(c, held, target));
  return Fd();
}

// With copy-symlink. False: the source is no symbolic link.
Result<bool> copy_link(const Context& c, const MountStep& step) {
  Result<std::string> to = sys::readlinkat(FdView::cwd(), step.source);
  if (!to.ok() && to.error().errnum() == EINVAL) return false;
  const std::string content = TRY(std::move(to).context([&] { return text::quote(step.source); }));
  const RootDir::Parent parent = TRY(c.root.open_parent(step.destination));
  Result<void> made = sys::symlinkat(content, parent.dir, parent.name);
  if (made.ok()) return true;
  if (made.error().errnum() != EEXIST) return std::move(made).error();
  const Result<std::string> there = sys::readlinkat(parent.dir, parent.name);
  if (there.ok() && there.value() == content) return true;
  return Error::invalid(step.object + "/destination", "exists and is not the link that would be copied");
}

Result<void> remount(const Context& c, const MountStep& step, const Fd& target) {
  if (step.superblock_flags != 0 || !step.options.empty()) {
    return Error::unsupported(step.object + "/options",
                              "a remount changes attributes of the mount, not of its file system");
  }
  return set_attributes(c, step, target);
}

// A tmpfs without mode= covers a directory with its own mode, as the image meant it.
Result<MountStep> like_target(const MountStep& step, const Fd& target) {
  MountStep changed = step;
  const struct stat info = TRY(sys::fstat(target));
  if (step.mode_of_target) changed.options.push_back({"mode", text::octal(info.st_mode & 07777), true});
  if (step.owner_of_target) {
    changed.options.push_back({"uid", text::cat(info.st_uid), true});
    changed.options.push_back({"gid", text::cat(info.st_gid), true});
  }
  return changed;
}

Result<bool> exists(const Context& c, const MountStep& step) {
  Result<Fd> there = c.root.open_at(step.destination, O_PATH | O_DIRECTORY, links_of(step));
  if (!there.ok() && there.error().errnum() == ENOENT) return false;
  TRY(std::move(there));
  return true;
}

// A sysfs shows a network namespace; the kernel makes one only for whoever has power over that. The host's has the same
// content, of which nothing may be changed: its submounts (control groups) are others' too.
Result<void> bind_sysfs(const MountStep& step, const Fd& target) {
  const Fd tree = TRY(sys::open_tree(FdView::cwd(), "/sys", OPEN_TREE_CLONE | AT_RECURSIVE));
  if (TRY(sys::fstatfs(tree)).f_type != SYSFS_MAGIC)
    return Error(Code::kSystem, "/sys of the host is no sysfs");
  struct mount_attr attributes = {};
  attributes.attr_set =
      step.set | MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
  attributes.propagation = MS_PRIVATE;
  TRY(sys::mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, attributes));
  return sys::move_mount(tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

// Some file systems take the label only like a file.
Result<void> label_root(const Context& c, const MountStep& step) {
  if (step.label.empty()) return {};
  const Fd mounted = TRY(c.root.open_at(step.destination, O_PATH));
  Result<void> set = sys::setxattr(descriptor_path(mounted), "security.selinux", step.label);
  if (set.ok()) return {};
  // The policy has no labels for this file system.
  if (set.error().errnum() == EOPNOTSUPP) return {};
  // The kernel makes it together with an IPC namespace, for whoever clones: in a user namespace that is nobody, and no
  // owner of it is left. It keeps the policy's label, which allows the program less.
  if (set.error().errnum() == EPERM && c.plan.namespaces.has(CLONE_NEWUSER)) return {};
  return std::move(set).context([] { return "/linux/mountLabel"; });
}

Result<Fd> make_filesystem(const Context& c, const MountStep& step, const Fd& target) {
  Result<Fd> mounted = mount_filesystem(c, step, target);
  if (mounted.ok()) TRY(label_root(c, step));
  if (mounted.ok()) return mounted;
  if (step.binds_host && !c.entered && mounted.error().errnum() == EPERM && bind_sysfs(step, target).ok())
    return Fd();
  Error error = std::move(mounted).error();
  if (step.type != "proc" || error.errnum() != EPERM) return error;
  return std::move(error).hint(
      "in a user namespace a procfs is only had where nothing of the one outside is covered");
}

}  // namespace

Result<Fd> apply_mount(Context& c, const MountStep& step, Fd& source) {
  if (step.copy_link && TRY(copy_link(c, step))) return Fd();
  if (step.kind == MountKind::kBind && step.opening == BindOpening::kChild) source = TRY(open_bind(c, step));
  const bool existed = (step.mode_of_target || step.owner_of_target) && TRY(exists(c, step));
  const Fd target = TRY(open_target(c, step, source));
  switch (step.kind) {
    case MountKind::kBind:
      return bind(c, step, source, target);
    case MountKind::kRemount:
      TRY(remount(c, step, target));
      return Fd();
    case MountKind::kPropagation:
      TRY(set_attributes(c, step, target));
      return Fd();
    case MountKind::kFilesystem:
      break;
  }
  return make_filesystem(c, existed ? TRY(like_target(step, target)) : step, target);
}

Result<void> apply_mounts(Context& c, Part part) {
  const std::vector<MountEntry>& entries = c.plan.rootfs.mounts;
  for (size_t i = 0; i < entries.size(); ++i) {
    const MountStep& step = entries[i].mount;
    if (part != Part::kAll && below_proc(step) != (part == Part::kProc)) continue;
    Result<Fd> done = apply_mount(c, step, c.mount_sources[i]);
    if (!done.ok()) {
      Error error = std::move(done).error();
      if (error.parts().object.empty()) error = std::move(error).object(step.object);
      return std::move(error).context(text::quote(step.destination));
    }
    TRY(apply_links(c, entries[i].links));
  }
  return {};
}

}  // namespace estiva::child
