// SPDX-License-Identifier: Apache-2.0
// Whole files and directories.
#include "estiva/base/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>

#include <algorithm>

#include "estiva/base/sys_data.h"
#include "estiva/base/text.h"

namespace estiva::files {

namespace {

// For files that do not tell their size, as those of procfs.
constexpr size_t kFirstRead = 16 * 1024;

// `expected`: the size that the file tells, 0 if it tells none; a read that gets no more than that has met the end.
Result<std::string> read_growing(FdView fd, size_t limit, size_t first, size_t expected) {
  std::string content(first, '\0');
  for (size_t used = 0;;) {
    if (used == content.size()) content.resize(2 * used);
    const size_t got = TRY(sys::read(fd, content.data() + used, content.size() - used));
    used += got;
    if (used > limit) return Error(Code::kInvalid, text::cat("is larger than ", limit, " bytes"));
    if (got > 0 && (used != expected || used == content.size())) continue;
    content.resize(used);
    return content;
  }
}

// A level takes a descriptor and a piece of the stack, and who fills a directory may go as deep as he likes: what lies
// deeper than this is moved to the top before it is emptied.
constexpr unsigned kDeep = 64;

struct Removal {
  FdView top;
  uint64_t moved = 0;
};

bool is_gone(const Error& error) { return error.errnum() == ENOENT; }

Result<void> move_up(FdView dir, const std::string& name, Removal& removal) {
  for (;;) {
    const std::string place = text::cat(".moved-", removal.moved++);
    Result<void> moved = sys::rename_new(dir, name, removal.top, place);
    if (moved.ok() || is_gone(moved.error())) return {};
    if (moved.error().errnum() != EEXIST) return moved;
  }
}

Result<void> empty_directory(FdView dir, unsigned depth, Removal& removal) {
  for (const std::string& name : TRY(list(dir))) {
    Result<void> removed = sys::unlinkat(dir, name);
    if (removed.ok() || is_gone(removed.error())) continue;
    if (removed.error().errnum() != EISDIR) return removed;
    if (depth == kDeep) {
      TRY(move_up(dir, name, removal));
      continue;
    }
    Result<Fd> inner = sys::openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (!inner.ok() && is_gone(inner.error())) continue;
    TRY(empty_directory(TRY(std::move(inner)), depth + 1, removal));
    removed = sys::unlinkat(dir, name, AT_REMOVEDIR);
    if (!removed.ok() && !is_gone(removed.error())) return removed;
  }
  return {};
}

}  // namespace

Result<std::string> read_fd(FdView fd, size_t limit) { return read_growing(fd, limit, kFirstRead, 0); }

Result<std::string> read_file(FdView file, const struct stat& info, size_t limit) {
  if (!S_ISREG(info.st_mode)) return Error(Code::kInvalid, "is not a regular file");
  const size_t expected = static_cast<size_t>(info.st_size);
  // One more than there is, so that the end shows without growing.
  const size_t first = expected > 0 ? std::min(expected, limit) + 1 : kFirstRead;
  return read_growing(file, limit, first, expected);
}

Result<std::string> read_all(FdView dir, sys::Path path, size_t limit) {
  // O_NONBLOCK: a FIFO in the file's place must not hang us.
  Fd file = TRY(sys::openat(dir, path, O_RDONLY | O_NONBLOCK | O_NOCTTY));
  file.close_later();
  return read_file(file, TRY(sys::fstat(file)), limit).context([&] { return std::string(path.c_str()); });
}

Result<void> write_kernel(FdView dir, sys::Path path, std::string_view value) {
  Fd file = TRY(sys::openat(dir, path, O_WRONLY));
  file.close_later();
  const size_t written =
      TRY(sys::write(file, value.data(), value.size()).context([&] { return std::string(path.c_str()); }));
  if (written != value.size()) return Error::system(text::cat("write ", path.c_str()), EIO);
  return {};
}

Result<void> replace(FdView dir, const std::string& name, std::string_view content, mode_t mode) {
  const std::string temporary = text::cat(".", name, ".new");
  const auto create = [&] {
    return sys::openat(dir, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
  };
  const auto write = [&]() -> Result<void> {
    Result<Fd> created = create();
    if (!created.ok() && created.error().errnum() == EEXIST) {  // left by one that was killed
      TRY(sys::unlinkat(dir, temporary));
      created = create();
    }
    Fd file = TRY(std::move(created));
    file.close_later();
    TRY(sys::write_all(file, content));
    return sys::renameat(dir, temporary, dir, name);
  };
  Result<void> written = write();
  if (!written.ok()) (void)sys::unlinkat(dir, temporary);
  return std::move(written).context([&] { return name; });
}

Result<std::vector<Entry>> list_entries(FdView dir) {
  Fd open_dir = TRY(sys::openat(dir, ".", O_RDONLY | O_DIRECTORY));
  open_dir.close_later();
  std::vector<Entry> entries;
  alignas(struct dirent64) char buffer[8192];
  for (;;) {
    const size_t size = TRY(sys::getdents64(open_dir, buffer, sizeof buffer));
    if (size == 0) return entries;
    for (size_t offset = 0; offset < size;) {
      const auto* entry = reinterpret_cast<const struct dirent64*>(buffer + offset);
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") entries.push_back({std::string(name), entry->d_type});
      offset += entry->d_reclen;
    }
  }
}

Result<std::vector<std::string>> list(FdView dir) {
  std::vector<std::string> names;
  for (Entry& entry : TRY(list_entries(dir))) names.push_back(std::move(entry.name));
  return names;
}

Result<void> make_directories(const std::string& path, mode_t mode) {
  Result<void> made = sys::mkdirat(FdView::cwd(), path, mode);
  if (made.ok() || made.error().errnum() == EEXIST) return {};
  const size_t slash =
      path.find_last_not_of('/') == std::string::npos ? 0 : path.rfind('/', path.find_last_not_of('/'));
  if (made.error().errnum() != ENOENT || slash == std::string::npos || slash == 0) return made;
  TRY(make_directories(path.substr(0, slash), mode));
  made = sys::mkdirat(FdView::cwd(), path, mode);
  if (!made.ok() && made.error().errnum() == EEXIST) return {};
  return made;
}

Result<void> remove_tree(FdView dir, const std::string& name) {
  Result<Fd> tree = sys::openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (!tree.ok() && is_gone(tree.error())) return {};
  const Fd open_tree = TRY(std::move(tree));
  Removal removal{open_tree};
  for (uint64_t before = UINT64_MAX; before != removal.moved;) {
    before = removal.moved;
    TRY(empty_directory(open_tree, 1, removal));
  }
  Result<void> removed = sys::unlinkat(dir, name, AT_REMOVEDIR);
  if (!removed.ok() && is_gone(removed.error())) return {};
  return removed;
}

Result<std::string> absolute(const std::string& path) {
  std::string whole = path.starts_with('/') ? path : text::cat(TRY(sys::getcwd()), "/", path);
  std::string clean;
  for (const std::string& part : text::split(whole, '/')) {
    if (part.empty() || part == ".") continue;
    clean += '/';
    clean += part;
  }
  return clean.empty() ? "/" : clean;
}

}  // namespace estiva::files
