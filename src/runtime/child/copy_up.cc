// SPDX-License-Identifier: Apache-2.0
// Copies a directory of the image into a tmpfs, in the child. The content is hostile and may change meanwhile: each
// file is held by an O_PATH descriptor, looked at, and only then opened, through that descriptor. No link is followed.
#include "runtime/child/copy_up.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <map>

#include "estiva/base/sys_copy.h"
#include "estiva/base/text.h"
#include "runtime/child/mount_calls.h"

namespace estiva::child {

namespace {

constexpr int kMaxDepth = 1000;  // each level holds four descriptors and a part of the stack

// One directory and its copy.
struct Level {
  FdView from, to;
  std::string path;  // of both, relative to the top, with a slash at its end unless empty
  int depth = 0;
};

// Holes stay holes: a small image may have a file that looks larger than the memory.
Result<void> copy_data(FdView from, FdView to, off_t size) {
  for (off_t at = 0; at < size;) {
    Result<off_t> data = sys::lseek(from, at, SEEK_DATA);
    if (!data.ok() && data.error().errnum() == ENXIO) break;
    at = TRY(std::move(data));
    const off_t end = std::min(size, TRY(sys::lseek(from, at, SEEK_HOLE)));
    TRY(sys::lseek(from, at, SEEK_SET));
    TRY(sys::lseek(to, at, SEEK_SET));
    while (at < end) {
      const size_t copied = TRY(sys::sendfile(to, from, static_cast<size_t>(end - at)));
      if (copied == 0) return Error(Code::kSystem, "the file became shorter while it was copied");
      at += static_cast<off_t>(copied);
    }
  }
  return sys::ftruncate(to, size);
}

// tmpfs has no place for some (user.* before Linux 6.6).
Result<void> copy_attributes(FdView from, FdView to) {
  const auto no_place = [](const Error& error) { return error.errnum() == EOPNOTSUPP; };
  Result<std::string> listed = sys::listxattr(descriptor_path(from));
  if (!listed.ok() && no_place(listed.error())) return {};
  for (const std::string& name : text::split(TRY(std::move(listed)), '\0')) {
    if (name.empty()) continue;
    const std::string value = TRY(sys::getxattr(descriptor_path(from), name));
    Result<void> set = sys::setxattr(descriptor_path(to), name, value);
    if (!set.ok() && !no_place(set.error())) return set;
  }
  return {};
}

class Copy {
 public:
  Copy(FdView host_proc, FdView top) : host_proc_(host_proc), top_(top) {}

  Result<void> content(const Level& at) {
    if (at.depth > kMaxDepth)
      return Error(Code::kSystem, text::cat("directories are nested deeper than ", kMaxDepth));
    std::vector<char> buffer(8192);
    for (;;) {
      const size_t size = TRY(sys::getdents64(at.from, buffer.data(), buffer.size()));
      if (size == 0) return {};
      for (size_t offset = 0; offset < size;) {
        const auto* entry = reinterpret_cast<const struct dirent64*>(buffer.data() + offset);
        offset += entry->d_reclen;
        const std::string name = entry->d_name;
        if (name != "." && name != "..") TRY(copy(at, name));
      }
    }
  }

 private:
  // By the magic link: the very file that is held, whatever bears its name now.
  static std::string held(FdView fd) { return text::cat("self/fd/", fd.number()); }
  Result<Fd> reopen(FdView fd, int flags) const {
    return sys::openat(host_proc_, held(fd), flags | O_NOCTTY);
  }

  Result<void> copy(const Level& at, const std::string& name) {
    const auto in_words = [&] { return text::quote(at.path + name); };
    const Fd from = TRY(sys::openat(at.from, name, O_PATH | O_NOFOLLOW).context(in_words));
    const struct stat info = TRY(sys::fstat(from));
    if (TRY(link(at, name, info).context(in_words))) return {};
    TRY(make(at, name, from, info).context(in_words));
    const Fd to = TRY(sys::openat(at.to, name, O_PATH | O_NOFOLLOW).context(in_words));
    if (S_ISDIR(info.st_mode)) TRY(directory(at, name, from, to));
    return give_metadata(from, to, info).context(in_words);
  }

  // A second name of a file that is copied already.
  Result<bool> link(const Level& at, const std::string& name, const struct stat& info) {
    if (S_ISDIR(info.st_mode) || info.st_nlink < 2) return false;
    const auto [known, is_new] = names_.try_emplace({info.st_dev, info.st_ino}, at.path + name);
    // A path that is too long for a call: one more copy.
    if (is_new || known->second.size() >= PATH_MAX) return false;
    TRY(sys::linkat(top_, known->second, at.to, name));
    return true;
  }

  Result<void> make(const Level& at, const std::string& name, FdView from, const struct stat& info) {
    if (S_ISDIR(info.st_mode)) return sys::mkdirat(at.to, name, 0700);
    if (S_ISLNK(info.st_mode)) return sys::symlinkat(TRY(sys::readlinkat(from, "")), at.to, name);
    if (!S_ISREG(info.st_mode))
      return sys::mknodat(at.to, name, (info.st_mode & S_IFMT) | 0600, info.st_rdev);
    const Fd file = TRY(sys::openat(at.to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
    return copy_data(TRY(reopen(from, O_RDONLY)), file, info.st_size);
  }

  Result<void> directory(const Level& at, const std::string& name, FdView from, FdView to) {
    const Fd list = TRY(reopen(from, O_RDONLY | O_DIRECTORY));
    return content({list, to, text::cat(at.path, name, "/"), at.depth + 1});
  }

  // The owner first: a change of it clears the set-user-ID bits and the file's capabilities.
  Result<void> give_metadata(FdView from, FdView to, const struct stat& info) {
    TRY(sys::fchownat(to, "", info.st_uid, info.st_gid, AT_EMPTY_PATH));
    TRY(copy_attributes(from, to));
    if (!S_ISLNK(info.st_mode)) TRY(sys::fchmodat(host_proc_, held(to), info.st_mode & 07777));
    return sys::utimensat(host_proc_, held(to), {info.st_atim, info.st_mtim});
  }

  FdView host_proc_, top_;
  std::map<std::pair<dev_t, ino_t>, std::string>
      names_;  // of files with more than one: where the first copy is
};

}  // namespace

Result<void> copy_up(const Context& c, FdView from, FdView to) {
  const Fd list = TRY(sys::openat(from, ".", O_RDONLY | O_DIRECTORY));
  return Copy(c.host_proc, to).content({list, to, "", 0});
}

}  // namespace estiva::child
