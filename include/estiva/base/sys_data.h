// SPDX-License-Identifier: Apache-2.0
// System calls that only large files and trees of files need: the image tool's.
#pragma once

#include <sys/types.h>
#include <time.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "estiva/base/error.h"
#include "estiva/base/fd.h"
#include "estiva/base/sys.h"

namespace estiva::sys {

// A file's bytes in memory, read-only; goes with the object. Nothing is mapped for an empty file.
class Mapping {
 public:
  Mapping() = default;
  Mapping(const char* data, size_t size) : data_(data), size_(size) {}
  Mapping(Mapping&& other) noexcept;
  Mapping& operator=(Mapping&& other) noexcept;
  ~Mapping();
  std::string_view bytes() const { return {data_, size_}; }
  // Its pages need not stay in memory: they are read again when touched again.
  void forget() const;

 private:
  const char* data_ = nullptr;
  size_t size_ = 0;
};
Result<Mapping> map_file(FdView file);

// All of `data` at `offset`.
Result<void> pwrite_all(FdView fd, std::string_view data, off_t offset);
// `size` bytes between files, by reflink or inside the kernel where that is possible; the offsets are absolute.
struct Range {
  FdView file;
  off_t offset;
};
Result<void> copy_range(Range from, Range to, size_t size);
Result<void> fdatasync(FdView fd);
// Begins to write what is dirty in that part, and does not wait (sync_file_range(2)).
Result<void> start_writing(FdView fd, off_t offset, off_t size);
Result<void> fsync(FdView fd);
// The whole file system that holds the file.
Result<void> syncfs(FdView fd);
// Of what `path` itself is, never of what a link leads to.
Result<void> lsetxattr(Path path, Path name, std::string_view value);
Result<std::string> lgetxattr(Path path, Path name);
Result<std::string> llistxattr(Path path);
// Changes of a link itself (AT_SYMLINK_NOFOLLOW).
Result<void> set_times(FdView dir, Path path, const struct timespec (&access_and_change)[2]);
// RENAME_NOREPLACE: EEXIST if `to` is there.
Result<void> rename_new(FdView from_dir, Path from, FdView to_dir, Path to);
// Bytes that an unprivileged user may still write.
Result<uint64_t> free_space(FdView dir);

}  // namespace estiva::sys
