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

// Opens the directory of an entry, once for neighbours: nearly all nodes and links are in /dev.
class Parents {
 public:
  explicit Parents(const RootDir& root) : root_(root) {}

  Result<const RootDir::Parent*> of(const std::string& path) {
    const size_t slash = path.rfind('/');
    const std::string name = path.substr(slash + 1);  // npos + 1 is 0
    const std::string directory = path.substr(0, path.size() - name.size());
    if (last_.dir.valid() && directory == directory_ && !name.empty() && name != "." && name != "..") {
      last_.name = name;
      return &last_;
    }
    last_ = TRY(root_.open_parent(path));
    directory_ = directory;
    return &last_;
  }

 private:
  const RootDir& root_;
  RootDir::Parent last_;
  std::string directory_;
};

// What is there may stay only if it is the very device.
Result<void> accept_existing(const DeviceStep& step, const RootDir::Parent& parent) {
  const struct stat info = TRY(sys::fstatat(parent.dir, parent.name, AT_SYMLINK_NOFOLLOW));
  const bool same =
      (info.st_mode & S_IFMT) == (step.mode & S_IFMT) && (S_ISFIFO(step.mode) || info.st_rdev == step.device);
  if (same) return {};
  return Error::invalid(
      step.object, text::cat(text::quote(step.path), " exists in the root file system and is another file"));
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

Result<void> make_link(Parents& parents, const LinkStep& link) {
  const RootDir::Parent& parent = *TRY(parents.of(link.path));
  Result<void> made = sys::symlinkat(link.target, parent.dir, parent.name);
  if (made.ok() || made.error().errnum() != EEXIST) return made;
  if (!link.replace) return {};  // the image's own
  const Result<std::string> there = sys::readlinkat(parent.dir, parent.name);
  if (there.ok() && there.value() == link.target) return {};
  TRY(sys::unlinkat(parent.dir, parent.name));
  return sys::symlinkat(link.target, parent.dir, parent.name);
}

Result<void> make_links(Parents& parents, const std::vector<LinkStep>& links) {
  for (const LinkStep& link : links) TRY(make_link(parents, link).context([&] { return link.path; }));
  return {};
}

}  // namespace

Result<void> apply_devices_and_links(const Context& c) {
  const mode_t old = sys::umask(0);  // the modes are exact
  Parents parents(c.root);
  for (size_t i = 0; i < c.plan.rootfs.devices.size(); ++i) {
    const DeviceStep& step = c.plan.rootfs.devices[i];
    const auto apply = [&]() -> Result<void> {
      if (step.bind) return bind_node(c, step, c.device_sources[i]);
      return make_node(step, *TRY(parents.of(step.path)));
    };
    TRY(apply().context([&] { return text::cat(step.object, " ", text::quote(step.path)); }));
  }
  sys::umask(old);
  return make_links(parents, c.plan.rootfs.links);
}

Result<void> apply_links(const Context& c, const std::vector<LinkStep>& links) {
  Parents parents(c.root);
  return make_links(parents, links);
}

}  // namespace estiva::child
