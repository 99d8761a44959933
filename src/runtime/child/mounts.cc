// SPDX-License-Identifier: Apache-2.0
// The mounts of the configuration, in their order. Every target is opened below the root first and mounted on by
// descriptor, so that a link that is exchanged meanwhile changes nothing (CVE-2021-30465).
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <sys/mount.h>

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
    const struct stat info = source.valid() ? TRY(sys::fstat(source)) : TRY(sys::fstatat(FdView::cwd(), step.source, 0));
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

Result<void> bind(Context& c, const MountStep& step, Fd& source, const Fd& target) {
  TRY(check_bind_on_proc(step, source));
  if (source.valid()) {
    // Attributes and propagation are set already.
    const Fd copy = step.opening == BindOpening::kParentThenCopy ? TRY(copy_tree(c, source, target)) : Fd();
    TRY(sys::move_mount(copy.valid() ? copy : source, "", target, "",
                        MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH));
    source.reset();
    return {};
  }
  return bind_mount(c, step, target);
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

Result<void> apply(Context& c, const MountStep& step, Fd& source) {
  if (step.kind == MountKind::kBind && step.opening == BindOpening::kChild) source = TRY(open_bind(c, step));
  const bool existed = (step.mode_of_target || step.owner_of_target) && TRY(exists(c, step));
  const Fd target = TRY(open_target(c, step, source));
  switch (step.kind) {
    case MountKind::kBind:
      return bind(c, step, source, target);
    case MountKind::kRemount:
      return remount(c, step, target);
    case MountKind::kPropagation:
      return set_attributes(c, step, target);
    case MountKind::kFilesystem:
      break;
  }
  TRY(mount_filesystem(c, existed ? TRY(like_target(step, target)) : step, target));
  return {};
}

}  // namespace

Result<void> apply_mounts(Context& c, Part part) {
  const std::vector<MountEntry>& entries = c.plan.rootfs.mounts;
  for (size_t i = 0; i < entries.size(); ++i) {
    const MountStep& step = entries[i].mount;
    if (part != Part::kAll && below_proc(step) != (part == Part::kProc)) continue;
    Result<void> done = apply(c, step, c.mount_sources[i]);
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
