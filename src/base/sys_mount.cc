// SPDX-License-Identifier: Apache-2.0
// System calls on mounts, all by number: the C library of the oldest supported distribution lacks some.
#include "estiva/base/sys_mount.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "estiva/base/text.h"

namespace estiva::sys {

namespace {

Result<void> check(long result, std::string_view call, Path path) {
  if (result < 0) return error(call, path);
  return {};
}

Result<Fd> check_fd(long fd, std::string_view call, Path path) {
  if (fd < 0) return error(call, path);
  return Fd(static_cast<int>(fd), Closing::kLater);
}

}  // namespace

Result<void> mount(const char* source, Path target, const char* type, unsigned long flags, const char* data) {
  return check(::syscall(SYS_mount, source, target.c_str(), type, flags, data), "mount", target);
}

Result<void> umount2(Path target, int flags) {
  return check(::syscall(SYS_umount2, target.c_str(), flags), "umount", target);
}

Result<void> pivot_root(Path new_root, Path put_old) {
  return check(::syscall(SYS_pivot_root, new_root.c_str(), put_old.c_str()), "pivot_root", "");
}

Result<void> chroot(Path path) { return check(::chroot(path.c_str()), "chroot", path); }

Result<uint64_t> mount_id(FdView dir, Path path, int flags) {
  struct statx info = {};
  if (::statx(dir.number(), path.c_str(), flags, STATX_MNT_ID, &info) < 0) return error("statx", path);
  if ((info.stx_mask & STATX_MNT_ID) == 0) return Error::system("statx", EOPNOTSUPP);
  return info.stx_mnt_id;
}

static bool mount_api_has_worked = false;

// The newest of them, with nonsense arguments: a kernel that has it complains about them, an older one says ENOSYS.
bool has_mount_api() {
  if (mount_api_has_worked) return true;
  return ::syscall(SYS_mount_setattr, -1, nullptr, ~0u, nullptr, 0) < 0 && errno != ENOSYS;
}

Result<Fd> open_tree(FdView dir, Path path, unsigned flags) {
  return check_fd(::syscall(SYS_open_tree, dir.number(), path.c_str(), flags | OPEN_TREE_CLOEXEC),
                  "open_tree", path);
}

Result<void> move_mount(FdView from, Path from_path, FdView to, Path to_path, unsigned flags) {
  return check(
      ::syscall(SYS_move_mount, from.number(), from_path.c_str(), to.number(), to_path.c_str(), flags),
      "move_mount", to_path);
}

Result<Fd> fsopen(Path type) {
  return check_fd(::syscall(SYS_fsopen, type.c_str(), FSOPEN_CLOEXEC), "fsopen", type);
}

Result<void> fsconfig_flag(FdView context, Path key) {
  return check(::syscall(SYS_fsconfig, context.number(), FSCONFIG_SET_FLAG, key.c_str(), nullptr, 0),
               "fsconfig", key);
}

Result<void> fsconfig_string(FdView context, Path key, Path value) {
  return check(::syscall(SYS_fsconfig, context.number(), FSCONFIG_SET_STRING, key.c_str(), value.c_str(), 0),
               "fsconfig", key);
}

Result<void> fsconfig_create(FdView context) {
  return check(::syscall(SYS_fsconfig, context.number(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0),
               "fsconfig create", "");
}

Result<Fd> fsmount(FdView context, unsigned attributes) {
  return check_fd(::syscall(SYS_fsmount, context.number(), FSMOUNT_CLOEXEC, attributes), "fsmount", "");
}

Result<void> mount_setattr(FdView dir, Path path, unsigned flags, const struct mount_attr& attributes) {
  struct mount_attr copy = attributes;
  const long result = ::syscall(SYS_mount_setattr, dir.number(), path.c_str(), flags, &copy, sizeof copy);
  mount_api_has_worked = mount_api_has_worked || result == 0;
  return check(result, "mount_setattr", path);
}

std::string fscontext_message(FdView context) {
  const int errnum = errno;
  char buffer[512];
  const ssize_t size = ::read(context.number(), buffer, sizeof buffer);
  errno = errnum;
  if (size <= 0) return {};
  return std::string(text::trim(std::string_view(buffer, static_cast<size_t>(size))));
}

}  // namespace estiva::sys
