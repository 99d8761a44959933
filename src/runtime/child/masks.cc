// SPDX-License-Identifier: Apache-2.0
// Masked and read-only paths (config-linux.md). What can't be masked is an error; what does not exist needs no mask.
#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/sysmacros.h>

#include "estiva/base/sys_mount.h"
#include "estiva/base/text.h"
#include "runtime/child/mount_calls.h"
#include "runtime/child/steps.h"

namespace estiva::child {

namespace {

constexpr unsigned kOnto = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;

bool absent(const Error& error) { return error.errnum() == ENOENT || error.errnum() == ENOTDIR; }

MountStep empty_directory(const std::optional<FsOption>& context) {
  MountStep step;
  step.type = "tmpfs";
  step.source = "tmpfs";
  step.set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
  step.options = {{"size", "0", true}, {"nr_inodes", "1", true}};
  if (context) step.options.push_back(*context);
  return step;
}

// Masks of one kind share one file system: the first is mounted, the others are copies of that mount. A copy is
// taken of what is attached already, since a detached mount that is thrown away costs a grace period. As long as the
// host's procfs is there, mount(2) does it in one call.
class Masks {
 public:
  explicit Masks(Context& c) : c_(c) {}

  Result<void> apply(const std::string& path) {
    Result<Fd> opened = c_.root.open_at(path, O_PATH);
    if (!opened.ok() && absent(opened.error())) return {};
    const Fd target = TRY(std::move(opened));
    // Not by trial: a file that can't be mounted on a directory costs a grace period (docs/adr/0017).
    const bool directory = S_ISDIR(TRY(sys::fstat(target)).st_mode);
    return directory ? mask_directory(target) : mask_file(target);
  }

 private:
  Result<void> mask_directory(const Fd& target) {
    if (directory_.valid()) return copy(directory_, target);
    directory_ = TRY(mount_filesystem(c_, empty_directory(c_.plan.rootfs.mount_context), target));
    return {};
  }

  Result<void> mask_file(const Fd& target) {
    if (!c_.plan.new_mount_api) return mask_file_old(target);
    if (null_attached_) return copy(c_.null_tree, target);
    Result<void> moved = sys::move_mount(c_.null_tree, "", target, "", kOnto);
    null_attached_ = moved.ok();
    return moved;
  }

  // Before Linux 5.12: the host's own node, as long as the host's tree is there; verified, or the mask could be
  // anything (CVE-2025-31133).
  Result<void> mask_file_old(const Fd& target) {
    const Fd null = TRY(sys::open("/dev/null", O_PATH | O_NOFOLLOW));
    const struct stat info = TRY(sys::fstat(null));
    if (!S_ISCHR(info.st_mode) || info.st_rdev != makedev(1, 3))
      return Error(Code::kSystem, "/dev/null is not the null device");
    return bind_path(descriptor_path(null), false, target);
  }

  Result<void> copy(const Fd& attached, const Fd& target) {
    if (!c_.entered) return bind_path(descriptor_path(attached), false, target);
    const Fd tree = TRY(sys::open_tree(attached, "", AT_EMPTY_PATH | OPEN_TREE_CLONE));
    return sys::move_mount(tree, "", target, "", kOnto);
  }

  Context& c_;
  Fd directory_;
  bool null_attached_ = false;
};

Result<void> make_readonly(const Context& c, const std::string& path) {
  Result<Fd> opened = c.root.open_at(path, O_PATH);
  if (!opened.ok() && absent(opened.error())) return {};
  const Fd target = TRY(std::move(opened));
  if (!c.plan.new_mount_api) {
    MountStep step;
    step.destination = path;
    step.source = descriptor_path(target);
    step.recursive = true;
    step.set = MOUNT_ATTR_RDONLY;
    return bind_mount(c, step, target);
  }
  const Fd tree = TRY(sys::open_tree(target, "", AT_EMPTY_PATH | AT_RECURSIVE | OPEN_TREE_CLONE));
  struct mount_attr attributes = {};
  attributes.attr_set = MOUNT_ATTR_RDONLY;
  TRY(sys::mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, attributes));
  return sys::move_mount(tree, "", target, "", kOnto);
}

}  // namespace

Result<void> apply_masked_paths(Context& c) {
  Masks masks(c);
  const std::vector<std::string>& paths = c.plan.rootfs.masked_paths;
  for (size_t i = 0; i < paths.size(); ++i) {
    TRY(masks.apply(paths[i]).context(
        [&] { return text::cat("/linux/maskedPaths/", i, " ", text::quote(paths[i])); }));
  }
  c.null_tree.reset();
  return {};
}

Result<void> apply_readonly_paths(const Context& c) {
  const std::vector<std::string>& paths = c.plan.rootfs.readonly_paths;
  for (size_t i = 0; i < paths.size(); ++i) {
    TRY(make_readonly(c, paths[i]).context([&] {
      return text::cat("/linux/readonlyPaths/", i, " ", text::quote(paths[i]));
    }));
  }
  return {};
}

}  // namespace estiva::child
