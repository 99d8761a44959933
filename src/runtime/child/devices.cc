// SPDX-License-Identifier: Apache-2.0
// Device nodes and links, made relative to directories opened below the root (CVE-2026-41579).
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "estiva/base/sys_mount.h"
#include "estiva/base/sys_process.h"
#include "estiva/base/text.h"
#include "runtime/child/mount_calls.h"
#include "runtime/child/steps.h"

namespace estiva::child {

namespace {

// What is there may stay only if it is the very device.
Result<void> accept_existing(const DeviceStep& step, const RootDir::Parent& parent) {
  const struct stat info = TRY(sys::fstatat(parent.dir, parent.name, AT_SYMLINK_NOFOLLOW));
  const bool same = (info.st_mode & S_IFMT) == (step.mode & S_IFMT) && (S_ISFIFO(step.mode) || info.st_rdev == step.device);
  if (same) return {};
  return Error::invalid(step.object, text::cat(text::quote(step.path), " exists in the root file system and is another file"));
}

Result<void> make_node(const DeviceStep& step, const RootDir::Parent& parent) {
  Result<void> made = sys::mknodat(parent.dir, parent.name, step.mode, step.device);
  if (!made.ok() && made.error().errnum() == EEXIST) return accept_existing(step, parent);
  TRY(std::move(made));
  if (step.uid == 0 && step.gid == 0) return {};
  return sys::fchownat(parent.dir, parent.name, step.uid, step.gid, AT_SYMLINK_NOFOLLOW);
}

Result<void> bind_node(const Context& c, const DeviceStep& step, const Fd& source) {
  const Fd target = TRY(c.root.make_file(step.path, 0644));
  if (source.valid()) {
    return sys::move_mount(source, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
  }
  return bind_path(step.path, false, target);
}

Result<void> make_link(const Context& c, const LinkStep& link) {
  const RootDir::Parent parent = TRY(c.root.open_parent(link.path));
  Result<void> made = sys::symlinkat(link.target, parent.dir, parent.name);
  if (made.ok() || made.error().errnum() != EEXIST) return made;
  if (!link.replace) return {};  // the image's own
  const Result<std::string> there = sys::readlinkat(parent.dir, parent.name);
  if (there.ok() && there.value() == link.target) return {};
  TRY(sys::unlinkat(parent.dir, parent.name));
  return sys::symlinkat(link.target, parent.dir, parent.name);
}

}  // namespace

Result<void> apply_devices(const Context& c) {
  const mode_t old = sys::umask(0);  // the modes are exact
  for (size_t i = 0; i < c.plan.rootfs.devices.size(); ++i) {
    const DeviceStep& step = c.plan.rootfs.devices[i];
    const auto apply = [&]() -> Result<void> {
      if (step.bind) return bind_node(c, step, c.device_sources[i]);
      const RootDir::Parent parent = TRY(c.root.open_parent(step.path));
      return make_node(step, parent);
    };
    TRY(apply().context([&] { return text::cat(step.object, " ", text::quote(step.path)); }));
  }
  sys::umask(old);
  return {};
}

Result<void> apply_links(const Context& c, const std::vector<LinkStep>& links) {
  for (const LinkStep& link : links) TRY(make_link(c, link).context([&] { return link.path; }));
  return {};
}

}  // namespace estiva::child
