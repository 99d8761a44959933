// SPDX-License-Identifier: Apache-2.0
// System calls on mounts. The kernel's constants come from <linux/mount.h>; those younger than the headers of
// the oldest supported distribution are given here.
#pragma once

#include <fcntl.h>
#include <linux/mount.h>
#include <sys/types.h>

#include "estiva/base/error.h"
#include "estiva/base/fd.h"
#include "estiva/base/sys.h"

namespace estiva::sys {

// mount(2); any of source, type and data may be null.
Result<void> mount(const char* source, Path target, const char* type, unsigned long flags, const char* data);
Result<void> umount2(Path target, int flags);
Result<void> pivot_root(Path new_root, Path put_old);
Result<void> chroot(Path path);

// The number of the mount that holds the file, as in mountinfo (statx(2), Linux 5.8). `flags`: AT_*.
Result<uint64_t> mount_id(FdView dir, Path path, int flags);

// The kernel has all calls below (and no filter hides them).
bool has_mount_api();
// The mount API of Linux 5.2; mount_setattr of 5.12.
Result<Fd> open_tree(FdView dir, Path path, unsigned flags);
Result<void> move_mount(FdView from, Path from_path, FdView to, Path to_path, unsigned flags);
Result<Fd> fsopen(Path type);
Result<void> fsconfig_flag(FdView context, Path key);
Result<void> fsconfig_string(FdView context, Path key, Path value);
Result<void> fsconfig_create(FdView context);
Result<Fd> fsmount(FdView context, unsigned attributes);
Result<void> mount_setattr(FdView dir, Path path, unsigned flags, const struct mount_attr& attributes);
// What the kernel had to say about a file system context (fsopen(2)); empty if nothing.
std::string fscontext_message(FdView context);

}  // namespace estiva::sys
