// SPDX-License-Identifier: Apache-2.0
// The walk.
#include "engine/files/tree_walk.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>

#include <algorithm>
#include <iterator>

#include "estiva/base/files.h"
#include "estiva/base/sys_copy.h"
#include "estiva/base/text.h"

namespace estiva::engine {

namespace {

using image::tar::Entry;
using image::tar::Kind;

// The file behind a descriptor, whatever has its name by now.
std::string held_path(FdView file) { return text::cat("/proc/self/fd/", file.number()); }

// Those that mean the same elsewhere; the rest is a file system's or a security module's own.
bool travels(std::string_view name) {
  return name.starts_with("user.") || name == "security.capability" || name.starts_with("system.posix_acl_");
}

Result<void> read_xattrs(FdView file, Entry& entry) {
  const std::string path = held_path(file);
  const Result<std::string> list = sys::listxattr(path);
  if (!list.ok() && list.error().errnum() == EOPNOTSUPP) return {};
  if (!list.ok()) return Error::from_parts(list.error().parts());
  for (const std::string& name : text::split(list.value(), '\0')) {
    if (!travels(name)) continue;
    const Result<std::string> value = sys::getxattr(path, name);
    if (value.ok()) entry.xattrs.emplace_back(name, value.value());  // or it has gone since
  }
  std::ranges::sort(entry.xattrs);
  return {};
}

}  // namespace

Result<bool> is_of_kernel(FdView file) {
  constexpr long kTypes[] = {PROC_SUPER_MAGIC,        SYSFS_MAGIC,   CGROUP_SUPER_MAGIC,
                             CGROUP2_SUPER_MAGIC,     DEBUGFS_MAGIC, TRACEFS_MAGIC,
                             SECURITYFS_MAGIC,        BPF_FS_MAGIC,  DEVPTS_SUPER_MAGIC,
                             0x19800202 /* mqueue */, SELINUX_MAGIC, BINFMTFS_MAGIC};
  const struct statfs info = TRY(sys::fstatfs(file));
  const auto type = static_cast<uint32_t>(info.f_type);
  return std::ranges::any_of(kTypes, [&](long each) { return static_cast<uint32_t>(each) == type; });
}

Result<void> TreeWalk::run(FdView dir, const std::string& name, const std::string& as) {
  const struct stat info = TRY(sys::fstatat(dir, name, AT_SYMLINK_NOFOLLOW));
  const Fd node = TRY(sys::openat(dir, name, O_PATH | O_NOFOLLOW));
  if (TRY(is_of_kernel(node)))
    return Error::unsupported(text::quote(as),
                              "belongs to a file system of the kernel, whose files are not copied");
  return visit(dir, name, as, info.st_dev);
}

Result<void> TreeWalk::visit(FdView dir, const std::string& name, const std::string& path, dev_t above) {
  Result<Fd> opened = sys::openat(dir, name, O_PATH | O_NOFOLLOW);
  if (!opened.ok() && opened.error().errnum() == ENOENT) return {};  // gone since the directory was read
  const Fd node = TRY(std::move(opened));
  const struct stat info = TRY(sys::fstat(node));
  Entry entry = image::tar::entry_of(info);
  entry.path = path;
  if (S_ISSOCK(info.st_mode)) {
    options_.warn(text::cat(text::quote(path), " is a socket; it is left out"));
    return {};
  }
  if (S_ISDIR(info.st_mode)) return visit_directory(node, entry, info, above);
  if (info.st_nlink > 1) {
    const auto [first, is_first] = first_.emplace(std::pair(info.st_dev, info.st_ino), path);
    if (!is_first) {
      entry.kind = Kind::kHardLink;
      entry.link = first->second;
      return options_.visit(entry, FdView::of_number(-1));
    }
  }
  if (S_ISREG(info.st_mode)) return visit_file(node, entry);
  if (S_ISLNK(info.st_mode)) entry.link = TRY(sys::readlinkat(node, ""));
  return options_.visit(entry, FdView::of_number(-1));
}

// What is held is a regular file, so opening it waits for nobody and starts nothing.
Result<void> TreeWalk::visit_file(FdView node, Entry& entry) {
  const Fd file = TRY(sys::open(held_path(node), O_RDONLY).context([&] { return text::quote(entry.path); }));
  entry.size = static_cast<uint64_t>(TRY(sys::fstat(file)).st_size);
  TRY(read_xattrs(file, entry));
  return options_.visit(entry, file);
}

Result<void> TreeWalk::visit_directory(FdView node, Entry& entry, const struct stat& info, dev_t above) {
  if (options_.is_own(info.st_dev, info.st_ino))
    return Error(Code::kInvalid, "cannot copy a directory into itself").object(text::quote(entry.path));
  const Fd dir = TRY(sys::openat(node, ".", O_RDONLY | O_DIRECTORY));
  TRY(read_xattrs(dir, entry));
  const std::string prefix = text::cat(entry.path, "/");
  entry.path = prefix;
  TRY(options_.visit(entry, FdView::of_number(-1)));
  if (info.st_dev != above && TRY(is_of_kernel(dir))) return {};
  std::vector<std::string> names = TRY(files::list(dir));
  std::ranges::sort(names);
  for (const std::string& name : names) TRY(visit(dir, name, prefix + name, info.st_dev));
  return {};
}

}  // namespace estiva::engine
