// SPDX-License-Identifier: Apache-2.0
// File by file, a directory's attributes behind what is in it.
#include "image/changes/clone.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <map>

#include "estiva/base/files.h"
#include "estiva/base/sys_copy.h"
#include "estiva/base/sys_data.h"
#include "estiva/base/text.h"
#include "image/changes/compare.h"
#include "image/changes/side.h"

namespace estiva::image {

namespace {

using Takes = bool (*)(std::string_view xattr);

constexpr const char* kItself = ".";

// A name in a directory that is held open.
struct Place {
  FdView dir;
  std::string name;
  std::string path() const { return text::cat("/proc/self/fd/", dir.number(), "/", name); }
};

Result<Xattrs> read_xattrs(const Place& place, const Takes& takes) {
  Xattrs out;
  const Result<std::string> list = sys::llistxattr(place.path());
  if (!list.ok() && list.error().errnum() == EOPNOTSUPP) return out;
  if (!list.ok()) return Error::from_parts(list.error().parts());
  for (const std::string& name : text::split(list.value(), '\0'))
    if (!name.empty() && takes(name)) out.emplace_back(name, TRY(sys::lgetxattr(place.path(), name)));
  std::ranges::sort(out);
  return out;
}

// chown clears set-user-ID and capabilities, so it comes first; the times come last.
Result<void> copy_attributes(const struct stat& info, const Place& from, const Place& to,
                             const Takes& takes) {
  TRY(sys::fchownat(to.dir, to.name, info.st_uid, info.st_gid, AT_SYMLINK_NOFOLLOW));
  if (!S_ISLNK(info.st_mode)) TRY(sys::fchmodat(to.dir, to.name, info.st_mode & 07777));
  for (const auto& [name, value] : TRY(read_xattrs(from, takes))) TRY(sys::lsetxattr(to.path(), name, value));
  return sys::set_times(to.dir, to.name, {info.st_atim, info.st_mtim});
}

bool is_any(std::string_view) { return true; }

bool is_containers(std::string_view name) {
  return name != "security.selinux" && !name.starts_with(Side::kTrusted) && !name.starts_with(Side::kUser);
}

class Cloner {
 public:
  Cloner(FdView to, dev_t device) : top_(to), device_(device) {}

  // `path`: of the directory, for whoever reads an error.
  Result<void> content(FdView from, FdView to, const std::string& path) {
    if (path.size() > kMaxPath) {
      return Error(Code::kInvalid, text::cat("a path has more than ", kMaxPath, " bytes"))
          .object(text::quote(path.substr(0, 60) + "..."));
    }
    for (const std::string& name : TRY(files::list(from))) {
      const std::string inner = text::cat(path, "/", name);
      const struct stat info = TRY(sys::fstatat(from, name, AT_SYMLINK_NOFOLLOW));
      const Place old{from, name}, copy{to, name};
      Result<void> made =
          S_ISDIR(info.st_mode) ? directory(info, old, copy, inner) : file(info, old, copy, inner);
      TRY(std::move(made).context([&] { return text::quote(inner); }));
    }
    return {};
  }

 private:
  Result<void> directory(const struct stat& info, const Place& from, const Place& to,
                         const std::string& path) {
    if (info.st_dev != device_) return Error(Code::kState, "is a mount of its own");
    TRY(sys::mkdirat(to.dir, to.name, 0700));
    {
      constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
      const Fd old = TRY(sys::openat(from.dir, from.name, kFlags));
      const Fd copy = TRY(sys::openat(to.dir, to.name, kFlags));
      TRY(content(old, copy, path));
    }
    return copy_attributes(info, from, to, is_any);
  }

  Result<void> file(const struct stat& info, const Place& from, const Place& to, const std::string& path) {
    if (info.st_nlink > 1) {
      const auto [first, is_first] = first_names_.emplace(info.st_ino, path.substr(1));
      if (!is_first) return sys::linkat(top_, first->second, to.dir, to.name);
    }
    switch (info.st_mode & S_IFMT) {
      case S_IFREG:
        TRY(regular_file(from, to));
        break;
      case S_IFLNK:
        TRY(sys::symlinkat(TRY(sys::readlinkat(from.dir, from.name)), to.dir, to.name));
        break;
      default:
        TRY(sys::mknodat(to.dir, to.name, (info.st_mode & S_IFMT) | 0600, info.st_rdev));
    }
    return copy_attributes(info, from, to, is_any);
  }

  static Result<void> regular_file(const Place& from, const Place& to) {
    const Fd old = TRY(sys::openat(from.dir, from.name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
    const struct stat info = TRY(sys::fstat(old));
    if (!S_ISREG(info.st_mode)) return Error(Code::kState, "was exchanged while it was copied");
    const Fd copy = TRY(sys::openat(to.dir, to.name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
    return copy_content(old, copy, static_cast<uint64_t>(info.st_size));
  }

  FdView top_;
  dev_t device_;
  std::map<ino_t, std::string> first_names_;  // of files with several, below the top
};

}  // namespace

Result<void> copy_content(FdView from, FdView to, uint64_t size) {
  TRY(sys::ftruncate(to, static_cast<off_t>(size)));
  const auto end = static_cast<off_t>(size);
  for (off_t at = 0; at < end;) {
    const Result<off_t> data = sys::lseek(from, at, SEEK_DATA);
    if (!data.ok() && data.error().errnum() == ENXIO) return {};
    const off_t begin = data.ok() ? data.value() : at;
    if (begin >= end) return {};
    const Result<off_t> hole = sys::lseek(from, begin, SEEK_HOLE);
    at = hole.ok() ? std::min(end, hole.value()) : end;
    TRY(sys::copy_range({from, begin}, {to, begin}, static_cast<size_t>(at - begin)));
  }
  return {};
}

Result<void> clone_tree(const std::string& from, const std::string& to) {
  allow_descriptors();
  const Fd old = TRY(sys::open(from, O_RDONLY | O_DIRECTORY));
  const Fd copy = TRY(sys::open(to, O_RDONLY | O_DIRECTORY));
  const struct stat info = TRY(sys::fstat(old));
  TRY(Cloner(copy, info.st_dev).content(old, copy, ""));
  return copy_attributes(info, {old, kItself}, {copy, kItself}, is_any);
}

Result<void> copy_root_attributes(const std::string& from, const std::string& to) {
  const Fd old = TRY(sys::open(from, O_RDONLY | O_DIRECTORY));
  const Fd copy = TRY(sys::open(to, O_RDONLY | O_DIRECTORY));
  return copy_attributes(TRY(sys::fstat(old)), {old, kItself}, {copy, kItself}, is_containers);
}

Result<bool> have_same_root_attributes(const std::string& one, const std::string& other) {
  const Fd first = TRY(sys::open(one, O_RDONLY | O_DIRECTORY));
  const Fd second = TRY(sys::open(other, O_RDONLY | O_DIRECTORY));
  const struct stat a = TRY(sys::fstat(first)), b = TRY(sys::fstat(second));
  if (a.st_mode != b.st_mode || a.st_uid != b.st_uid || a.st_gid != b.st_gid) return false;
  const Xattrs its = TRY(read_xattrs({first, kItself}, is_containers));
  return its == TRY(read_xattrs({second, kItself}, is_containers));
}

}  // namespace estiva::image
