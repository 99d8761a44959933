// SPDX-License-Identifier: Apache-2.0
// The root file system: attached in the container's mount namespace, then entered so that nothing of the host's
// tree can be reached from it.
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/statfs.h>

#include "estiva/base/sys_mount.h"
#include "estiva/base/text.h"
#include "runtime/child/mount_calls.h"
#include "runtime/child/steps.h"

namespace estiva::child {

namespace {

// mount_namespaces(7): nothing that is mounted here may reach the host.
Result<void> leave_peer_groups(const Context& c) {
  if (!c.plan.namespaces.creates(CLONE_NEWNS)) return {};
  return sys::mount(nullptr, "/", nullptr, MS_SLAVE | MS_REC, nullptr);
}

Result<void> attach_tree(Context& c) {
  const std::string& path = c.plan.rootfs.path;
  if (c.rootfs_tree.valid()) {
    TRY(sys::move_mount(c.rootfs_tree, "", FdView::cwd(), path, MOVE_MOUNT_F_EMPTY_PATH));
    c.root = RootDir(std::move(c.rootfs_tree));
    return {};
  }
  TRY(sys::mount(path.c_str(), path, nullptr, MS_BIND | MS_REC, nullptr));
  TRY(sys::mount(nullptr, path, nullptr, MS_SLAVE | MS_REC, nullptr));
  c.root = TRY(RootDir::open(path));
  return {};
}

// After it "." is the new root and what was the root before lies on top of it, to be let go (pivot_root(2)).
Result<void> pivot(const Context& c) {
  TRY(sys::fchdir(c.root.fd()));
  TRY(sys::pivot_root(".", "."));
  // A slave already; the unmount must not reach the host whatever the host's propagation is. "." is then "/".
  return sys::umount2(".", MNT_DETACH);
}

// For a root on an initramfs, where pivot_root is impossible: the new root covers the old one. The host's procfs
// and sysfs are taken away first, or the container could find whole ones below its own masked ones.
Result<void> move_root(const Context& c) {
  for (const char* path : {"/proc", "/sys"}) {
    const Result<void> gone = sys::umount2(path, MNT_DETACH);
    if (gone.ok() || gone.error().errnum() == EINVAL) continue;
    // In a user namespace it is locked; then it is covered.
    TRY(sys::mount("tmpfs", path, "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr));
  }
  TRY(sys::fchdir(c.root.fd()));
  TRY(sys::mount(".", "/", nullptr, MS_MOVE, nullptr));
  TRY(sys::chroot("."));
  return sys::chdir("/");
}

// Without the calls of Linux 5.12 a bind is made from a path, which the root of a user namespace may not be allowed to
// reach. This process still is. What can't be opened is an error when its turn comes.
void open_bind_paths(Context& c) {
  if (c.plan.new_mount_api || !c.plan.namespaces.has(CLONE_NEWUSER)) return;
  for (size_t i = 0; i < c.mount_sources.size(); ++i) {
    const MountStep& step = c.plan.rootfs.mounts[i].mount;
    if (step.kind != MountKind::kBind || step.copy_link) continue;
    Result<Fd> opened = sys::open(step.source, O_PATH | (step.source_link ? O_NOFOLLOW : 0));
    if (opened.ok()) c.mount_sources[i] = std::move(opened).value();
  }
}

}  // namespace

Result<void> attach_rootfs(Context& c) {
  TRY(leave_peer_groups(c));
  if (c.plan.namespaces.creates(CLONE_NEWNS)) {
    TRY(attach_tree(c).context([] { return "root file system"; }));
  } else {
    c.root = TRY(RootDir::open(c.plan.rootfs.path).context([] { return "root file system"; }));
  }
  open_bind_paths(c);
  return become_root(c);
}

Result<void> make_working_directory(const Context& c) {
  if (!c.plan.process || c.plan.process->cwd == "/") return {};
  TRY(c.root.make_directories(c.plan.process->cwd, 0755).context([] { return "/process/cwd"; }));
  return {};
}

Result<void> make_root_readonly(const Context& c) {
  if (!c.plan.rootfs.readonly) return {};
  return set_readonly(c, c.root.fd()).context([] { return "/root/readonly"; });
}

Result<void> enter_rootfs(Context& c) {
  c.entered = true;
  if (c.plan.rootfs.pivot) {
    TRY(pivot(c));
  } else if (c.plan.namespaces.creates(CLONE_NEWNS)) {
    TRY(move_root(c));
  } else {
    TRY(sys::fchdir(c.root.fd()));
    TRY(sys::chroot("."));
  }
  if (c.plan.rootfs.propagation == 0) return {};
  return sys::mount(nullptr, "/", nullptr, c.plan.rootfs.propagation, nullptr).context([] {
    return "/linux/rootfsPropagation";
  });
}

}  // namespace estiva::child
