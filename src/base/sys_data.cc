// SPDX-License-Identifier: Apache-2.0
// System calls that only large files and trees of files need.
#include "estiva/base/sys_data.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>

namespace estiva::sys {

namespace {

Result<void> check(long result, std::string_view call, Path path = "") {
  if (result < 0) return error(call, path);
  return {};
}

// Where copy_file_range(2) can't: two file systems before Linux 5.3, special files.
Result<void> copy_by_hand(Range from, Range to, size_t size) {
  std::string buffer(std::min<size_t>(size, 1 << 18), '\0');
  while (size > 0) {
    const size_t count = TRY(pread(from.file, buffer.data(), std::min(size, buffer.size()), from.offset));
    if (count == 0) return Error::system("read", ENODATA);
    TRY(pwrite_all(to.file, std::string_view(buffer).substr(0, count), to.offset));
    from.offset += static_cast<off_t>(count);
    to.offset += static_cast<off_t>(count);
    size -= count;
  }
  return {};
}

template <typename Call>
Result<std::string> whole(std::string_view name, Path path, const Call& call) {
  std::string buffer(256, '\0');
  for (;;) {
    const ssize_t size = call(buffer.data(), buffer.size());
    if (size >= 0) {
      buffer.resize(static_cast<size_t>(size));
      return buffer;
    }
    if (errno != ERANGE || buffer.size() > (1 << 20)) return error(name, path);
    buffer.resize(buffer.size() * 4);
  }
}

}  // namespace

Mapping::Mapping(Mapping&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

Mapping& Mapping::operator=(Mapping&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

Mapping::~Mapping() {
  if (data_ != nullptr) ::munmap(const_cast<char*>(data_), size_);
}

void Mapping::forget() const {
  if (data_ != nullptr) (void)::madvise(const_cast<char*>(data_), size_, MADV_DONTNEED);
}

Result<Mapping> map_file(FdView file) {
  const struct stat info = TRY(fstat(file));
  if (info.st_size == 0) return Mapping();
  void* data = ::mmap(nullptr, static_cast<size_t>(info.st_size), PROT_READ, MAP_SHARED, file.number(), 0);
  if (data == MAP_FAILED) return error("mmap", "");
  return Mapping(static_cast<const char*>(data), static_cast<size_t>(info.st_size));
}

Result<void> pwrite_all(FdView fd, std::string_view data, off_t offset) {
  while (!data.empty()) {
    const ssize_t written = ::pwrite(fd.number(), data.data(), data.size(), offset);
    if (written < 0 && errno == EINTR) continue;
    TRY(check(written, "write"));
    data.remove_prefix(static_cast<size_t>(written));
    offset += written;
  }
  return {};
}

Result<void> copy_range(Range from, Range to, size_t size) {
  while (size > 0) {
    const ssize_t copied =
        ::copy_file_range(from.file.number(), &from.offset, to.file.number(), &to.offset, size, 0);
    if (copied < 0 && errno == EINTR) continue;
    if (copied < 0 && (errno == EXDEV || errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP))
      return copy_by_hand(from, to, size);
    TRY(check(copied, "copy_file_range"));
    if (copied == 0) return Error::system("copy_file_range", ENODATA);
    size -= static_cast<size_t>(copied);
  }
  return {};
}

Result<void> fdatasync(FdView fd) { return check(::fdatasync(fd.number()), "fdatasync"); }
Result<void> start_writing(FdView fd, off_t offset, off_t size) {
  return check(::sync_file_range(fd.number(), offset, size, SYNC_FILE_RANGE_WRITE), "sync_file_range");
}
Result<void> fsync(FdView fd) { return check(::fsync(fd.number()), "fsync"); }
Result<void> syncfs(FdView fd) { return check(::syncfs(fd.number()), "syncfs"); }

Result<void> lsetxattr(Path path, Path name, std::string_view value) {
  return check(::lsetxattr(path.c_str(), name.c_str(), value.data(), value.size(), 0), "setxattr", name);
}

Result<std::string> lgetxattr(Path path, Path name) {
  return whole("getxattr", name, [&](char* buffer, size_t size) {
    return ::lgetxattr(path.c_str(), name.c_str(), buffer, size);
  });
}

Result<std::string> llistxattr(Path path) {
  return whole("listxattr", path,
               [&](char* buffer, size_t size) { return ::llistxattr(path.c_str(), buffer, size); });
}

Result<void> set_times(FdView dir, Path path, const struct timespec (&access_and_change)[2]) {
  return check(::utimensat(dir.number(), path.c_str(), access_and_change, AT_SYMLINK_NOFOLLOW), "utimensat",
               path);
}

Result<void> rename_new(FdView from_dir, Path from, FdView to_dir, Path to) {
  return check(::renameat2(from_dir.number(), from.c_str(), to_dir.number(), to.c_str(), RENAME_NOREPLACE),
               "rename", to);
}

Result<uint64_t> free_space(FdView dir) {
  struct statvfs info;
  TRY(check(::fstatvfs(dir.number(), &info), "statvfs"));
  return static_cast<uint64_t>(info.f_bavail) * info.f_frsize;
}

}  // namespace estiva::sys
