// SPDX-License-Identifier: Apache-2.0
// Id-mapped layers and volumes.
#include "image/mount/mapped.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <sys/mount.h>
#include <sys/statvfs.h>

#include "estiva/base/sys_mount.h"
#include "estiva/base/sys_process.h"
#include "estiva/base/text.h"
#include "estiva/base/user_namespace.h"

namespace estiva::image {

namespace {

constexpr char kOwnMounts[] = "/proc/thread-self/ns/mnt";

// A mount namespace of this thread's own until leave(). Descriptors from before lead to the mounts from before.
class OwnMounts {
 public:
  static Result<OwnMounts> enter() {
    OwnMounts out;
    out.before_ = TRY(sys::open(kOwnMounts, O_RDONLY));
    out.directory_ = TRY(sys::open(".", O_PATH | O_DIRECTORY));
    TRY(sys::unshare(CLONE_NEWNS));
    out.inside_ = true;
    TRY(sys::mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr));
    return out;
  }
  OwnMounts(OwnMounts&& other) noexcept
      : before_(std::move(other.before_)),
        directory_(std::move(other.directory_)),
        inside_(std::exchange(other.inside_, false)) {}
  ~OwnMounts() { (void)leave(); }

  Result<void> leave() {
    if (!std::exchange(inside_, false)) return {};
    TRY(sys::setns(before_, CLONE_NEWNS));
    return sys::fchdir(directory_);
  }

 private:
  OwnMounts() = default;
  Fd before_, directory_;
  bool inside_ = false;
};

Error explained(Error error, const std::string& path, bool recursive) {
  if (error.errnum() != EINVAL && error.errnum() != ENOSYS) return std::move(error).object(path);
  return std::move(error)
      .message(recursive ? "it, or what is mounted below it, can't be id-mapped" : "can't be id-mapped")
      .object(path)
      .hint("its file system, or this kernel, has no id-mapped mounts: without --userns it goes");
}

// Detached.
Result<Fd> mapped_clone(const std::string& path, FdView users, unsigned recursive) {
  Fd tree = TRY(sys::open_tree(FdView::cwd(), path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | recursive));
  struct mount_attr attributes = {};
  attributes.attr_set = MOUNT_ATTR_IDMAP;
  attributes.userns_fd = static_cast<uint64_t>(users.number());
  Result<void> mapped = sys::mount_setattr(tree, "", AT_EMPTY_PATH | recursive, attributes);
  if (!mapped.ok()) return explained(std::move(mapped).error(), path, recursive != 0);
  return tree;
}

Result<void> attach(FdView tree, const std::string& target) {
  return sys::move_mount(tree, "", FdView::cwd(), target, MOVE_MOUNT_F_EMPTY_PATH);
}

// Before Linux 5.19 the kernel refuses such layers; where the work directory is of no use it mounts read-only instead.
Result<void> mount_on_layers(const Overlay& overlay, const MountIds& ids, const std::string& target) {
  constexpr const char* kHint = "an overlay on id-mapped layers needs Linux 5.19";
  const FileIds owner = TRY(FileIds::take(ids.uid, ids.gid));
  Result<void> mounted = mount_overlay(overlay, target);
  if (!mounted.ok()) return std::move(mounted).error().hint(kHint);
  const struct statfs info = TRY(sys::statfs(target));
  if ((static_cast<unsigned long>(info.f_flags) & ST_RDONLY) == 0) return {};
  return Error(Code::kSystem, "the kernel made it read-only")
      .object(text::cat("overlay at ", target))
      .hint(kHint);
}

// Each layer in its own place, where the overlay's names lead to. One of them may be below `own`, which so comes first.
Result<Fd> overlay_inside(const Overlay& overlay, const std::string& own, const MountIds& ids,
                          const std::string& target) {
  const Fd users = TRY(make_user_namespace(ids.uid_map, ids.gid_map));
  const Fd upper = TRY(mapped_clone(own, users, 0));
  std::vector<Fd> lower;
  for (const std::string& each : overlay.lower) lower.push_back(TRY(mapped_clone(each, users, 0)));
  TRY(attach(upper, own));
  for (size_t i = 0; i < lower.size(); ++i) TRY(attach(lower[i], overlay.lower[i]));
  TRY(mount_on_layers(overlay, ids, target));
  return sys::open_tree(FdView::cwd(), target, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
}

}  // namespace

Result<void> mount_mapped_overlay(const Overlay& overlay, const std::string& own, const MountIds& ids,
                                  const std::string& target) {
  OwnMounts inside = TRY(OwnMounts::enter());
  Result<Fd> made = overlay_inside(overlay, own, ids, target);
  TRY(inside.leave());
  const Fd mount = TRY(std::move(made));
  return attach(mount, target);
}

Result<void> mount_mapped(const std::string& source, const MountIds& ids, const std::string& target) {
  const Fd users = TRY(make_user_namespace(ids.uid_map, ids.gid_map));
  return attach(TRY(mapped_clone(source, users, AT_RECURSIVE)), target);
}

}  // namespace estiva::image
