// SPDX-License-Identifier: Apache-2.0
// Files, one after another; attributes of directories last, when nothing touches their times any more.
#include "engine/files/tree_sink.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>

#include "estiva/base/sys_copy.h"
#include "estiva/base/sys_data.h"
#include "estiva/base/sys_mount.h"
#include "estiva/base/sys_process.h"
#include "estiva/base/text.h"
#include "image/changes/clone.h"
#include "image/layers/tree.h"

namespace estiva::engine {

namespace {

using image::tar::Entry;
using image::tar::Kind;

constexpr int kTries = 100;
constexpr uint32_t kPlainBits = 01777;

std::string joined(const std::vector<std::string_view>& parts, size_t count) {
  std::string out;
  for (size_t i = 0; i < count; ++i) out += text::cat(i == 0 ? "" : "/", parts[i]);
  return out;
}

Error not_over(std::string_view old, const std::string& name, std::string_view wanted) {
  return Error(Code::kExists, text::cat("cannot overwrite ", old, " ", text::quote(name), " with ", wanted));
}

}  // namespace

uint32_t TreeSink::bits(const Entry& entry) const {
  return entry.permissions & (options_.all_bits ? 07777 : kPlainBits);
}

Result<Fd> TreeSink::open_parent(const std::vector<std::string_view>& parts, bool make) {
  const RootDir::Links links = options_.follow ? RootDir::Links::kFollow : RootDir::Links::kRefuse;
  const std::string path = joined(parts, parts.size() - 1);
  Result<Fd> opened = base_.open_at(path, O_PATH | O_DIRECTORY, links);
  if (!opened.ok() && opened.error().errnum() == ENOENT && make)
    opened = base_.make_missing_directories(path, 0755, links);
  if (opened.ok()) return opened;
  const int number = opened.error().errnum();
  if (number == ELOOP || number == ENOTDIR)
    return Error(Code::kState, "is not in a directory: a symbolic link or another file is in the way");
  return Error(std::move(opened).error()).context(text::quote(path));
}

Result<void> TreeSink::add(const Entry& entry) {
  const std::vector<std::string_view> parts =
      TRY(image::split_path(entry.path).context([&] { return text::quote(entry.path); }));
  if (parts.empty()) {
    if (entry.kind == Kind::kDirectory) return {};  // the base is there
    return Error(Code::kInvalid, "an entry stands for the directory and is none");
  }
  const std::string path = joined(parts, parts.size() - 1);
  if (!parent_.valid() || path != parent_path_) {
    parent_ = TRY(open_parent(parts, true).context([&] { return text::quote(entry.path); }));
    parent_path_ = path;
  }
  const std::string name(parts.back());
  Result<void> added = [&] {
    if (entry.kind == Kind::kDirectory) return add_directory(name, entry);
    if (entry.kind == Kind::kFile) return begin_file(name, entry);
    if (entry.kind == Kind::kHardLink) return add_link(name, entry);
    return add_node(name, entry);
  }();
  return std::move(added).context([&] { return text::quote(entry.path); });
}

Result<void> TreeSink::add_directory(const std::string& name, const Entry& entry) {
  const Result<void> made = sys::mkdirat(parent_, name, 0700);
  if (!made.ok() && made.error().errnum() != EEXIST) return Error::from_parts(made.error().parts());
  Result<Fd> opened = sys::openat(parent_, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (!opened.ok() && (opened.error().errnum() == ENOTDIR || opened.error().errnum() == ELOOP))
    return not_over("non-directory", name, "directory");
  const Fd dir = TRY(std::move(opened));
  if (!made.ok()) return {};  // one that was there stays as it is
  const struct stat info = TRY(sys::fstat(dir));
  made_.insert({info.st_dev, info.st_ino});
  const std::string path = parent_path_.empty() ? name : text::cat(parent_path_, "/", name);
  directories_.push_back({path, entry, info.st_dev, info.st_ino});
  return {};
}

Result<void> TreeSink::make_temporary(const std::function<Result<void>(const std::string& name)>& make) {
  for (int i = 0; i < kTries; ++i) {
    const std::string name = text::cat(".cais-cp-", sys::getpid(), "-", ++count_);
    Result<void> made = make(name);
    if (!made.ok() && made.error().errnum() == EEXIST) continue;
    if (made.ok()) temporary_ = name;
    return made;
  }
  return Error::system("open", EEXIST);
}

// rename(2) takes a mount of another namespace away without a word.
bool TreeSink::is_mount_point(const std::string& name) const {
  const Result<uint64_t> own = sys::mount_id(parent_, name, AT_SYMLINK_NOFOLLOW);
  const Result<uint64_t> above = sys::mount_id(parent_, "", AT_EMPTY_PATH);
  if (own.ok() && above.ok()) return own.value() != above.value();
  // Before Linux 5.8, as far as it can be seen.
  const Result<struct stat> info = sys::fstatat(parent_, name, AT_SYMLINK_NOFOLLOW),
                            dir = sys::fstat(parent_);
  return info.ok() && dir.ok() && info.value().st_dev != dir.value().st_dev;
}

Result<void> TreeSink::place(const std::string& name) {
  const bool mounted = is_mount_point(name);
  const Result<void> renamed =
      mounted ? Error::system("rename", EBUSY) : sys::renameat(parent_, temporary_, parent_, name);
  if (renamed.ok()) {
    temporary_.clear();
    return {};
  }
  drop();
  if (renamed.error().errnum() == EISDIR) return not_over("directory", name, "non-directory");
  if (renamed.error().errnum() == EBUSY)
    return Error(Code::kState, "is a mount of its own and can't be replaced").object(text::quote(name));
  return Error::from_parts(renamed.error().parts());
}

void TreeSink::drop() {
  if (!temporary_.empty()) (void)sys::unlinkat(parent_, std::exchange(temporary_, std::string()));
}

Result<void> TreeSink::set_owner(const Entry& entry) {
  if (!options_.owners) return {};
  return sys::fchownat(parent_, temporary_, entry.uid, entry.gid, AT_SYMLINK_NOFOLLOW);
}

Result<void> TreeSink::add_link(const std::string& name, const Entry& entry) {
  const std::vector<std::string_view> parts = TRY(image::split_path(entry.link));
  if (parts.empty()) return Error(Code::kInvalid, "is a hard link to a directory");
  const Fd from = TRY(open_parent(parts, false));
  const std::string old(parts.back());
  TRY(make_temporary(
      [&](const std::string& temporary) { return sys::linkat(from, old, parent_, temporary); }));
  TRY(place(name));
  // Of two names of one file rename(2) does nothing.
  (void)sys::unlinkat(parent_, text::cat(".cais-cp-", sys::getpid(), "-", count_));
  return {};
}

// Without chmod, which would follow a link that somebody puts in its place: there is no umask.
Result<void> TreeSink::add_node(const std::string& name, const Entry& entry) {
  const bool device = entry.kind == Kind::kCharDevice || entry.kind == Kind::kBlockDevice;
  if (device && !options_.devices) {
    options_.warn(text::cat(text::quote(entry.path), " is a device; it is left out"));
    return {};
  }
  const mode_t type = entry.kind == Kind::kCharDevice    ? S_IFCHR
                      : entry.kind == Kind::kBlockDevice ? S_IFBLK
                                                         : S_IFIFO;
  TRY(make_temporary([&](const std::string& temporary) {
    if (entry.kind == Kind::kSymlink) return sys::symlinkat(entry.link, parent_, temporary);
    return sys::mknodat(parent_, temporary, type | bits(entry), makedev(entry.major, entry.minor));
  }));
  TRY(set_owner(entry));
  const struct timespec time = {entry.mtime, entry.mtime_nsec};
  TRY(sys::set_times(parent_, temporary_, {time, time}));
  return place(name);
}

Result<void> TreeSink::begin_file(const std::string& name, const Entry& entry) {
  Fd file;
  TRY(make_temporary([&](const std::string& temporary) -> Result<void> {
    file = TRY(sys::openat(parent_, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
    return {};
  }));
  pending_ = Pending{std::move(file), temporary_, name, entry};
  return {};
}

Result<void> TreeSink::data(std::string_view piece) {
  if (!pending_) return {};
  Pending& to = *pending_;
  while (!piece.empty()) {
    uint64_t at = to.done, room = piece.size();
    if (to.entry.sparse) {
      while (to.extent < to.entry.extents.size() && to.done == to.entry.extents[to.extent].size) {
        ++to.extent;
        to.done = 0;
      }
      if (to.extent == to.entry.extents.size())
        return Error(Code::kInvalid, "has more data than its sparse map");
      at = to.entry.extents[to.extent].offset + to.done;
      room = to.entry.extents[to.extent].size - to.done;
    }
    const size_t count = static_cast<size_t>(std::min<uint64_t>(room, piece.size()));
    TRY(sys::pwrite_all(to.file, piece.substr(0, count), static_cast<off_t>(at)));
    to.done += count;
    piece.remove_prefix(count);
  }
  return {};
}

Result<void> TreeSink::copy(FdView from, uint64_t size) {
  if (!pending_) return {};
  const Result<void> copied = image::copy_content(from, pending_->file, size);
  if (!copied.ok() && copied.error().errnum() != ENODATA)
    return Error(Error::from_parts(copied.error().parts())).context(text::quote(pending_->entry.path));
  if (!copied.ok())
    options_.warn(
        text::cat(text::quote(pending_->entry.path), " became shorter while it was read; the rest is zero"));
  return {};
}

// chown clears set-user-ID and capabilities, so it comes first; the time comes last.
Result<void> TreeSink::set_attributes(FdView file, const Entry& entry) {
  if (options_.owners) TRY(sys::fchown(file, entry.uid, entry.gid));
  TRY(sys::fchmod(file, bits(entry)));
  for (const auto& [name, value] : entry.xattrs) {
    if (!options_.all_bits && !name.starts_with("user.")) continue;
    const Result<void> set = sys::setxattr(text::cat("/proc/self/fd/", file.number()), name, value);
    if (!set.ok() && set.error().errnum() != EOPNOTSUPP) return Error::from_parts(set.error().parts());
  }
  return {};
}

Result<void> TreeSink::end() {
  if (!pending_) return {};
  const Pending done = std::move(*pending_);
  pending_.reset();
  Result<void> ended = [&]() -> Result<void> {
    if (done.entry.sparse) TRY(sys::ftruncate(done.file, static_cast<off_t>(done.entry.size)));
    TRY(set_attributes(done.file, done.entry));
    const struct timespec time = {done.entry.mtime, done.entry.mtime_nsec};
    TRY(sys::set_times(parent_, done.temporary, {time, time}));
    return place(done.name);
  }();
  bytes_ += done.entry.size;
  return std::move(ended).context([&] { return text::quote(done.entry.path); });
}

Result<void> TreeSink::finish_directory(const Directory& directory) {
  const RootDir::Links links = options_.follow ? RootDir::Links::kFollow : RootDir::Links::kRefuse;
  const Fd dir = TRY(base_.open_at(directory.path, O_RDONLY | O_DIRECTORY, links));
  const struct stat info = TRY(sys::fstat(dir));
  if (info.st_dev != directory.device || info.st_ino != directory.inode)
    return Error(Code::kState, "was exchanged for another directory meanwhile");
  TRY(set_attributes(dir, directory.entry));
  const struct timespec time = {directory.entry.mtime, directory.entry.mtime_nsec};
  return sys::set_times(dir, ".", {time, time});
}

Result<void> TreeSink::finish() {
  std::ranges::reverse(directories_);  // what is in it comes behind a directory
  for (const Directory& each : directories_)
    TRY(finish_directory(each).context([&] { return text::quote(each.path); }));
  return {};
}

}  // namespace estiva::engine
