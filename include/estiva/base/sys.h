// SPDX-License-Identifier: Apache-2.0
// One thin function per system call on files and descriptors: Result instead of errno, Fd instead of int,
// close-on-exec always. The error names the call and, where there is one, the path. EINTR is retried where the
// call may be repeated. Mounts: sys_mount.h. Processes: sys_process.h. Sockets: sys_socket.h.
#pragma once

#include <dirent.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "estiva/base/error.h"
#include "estiva/base/fd.h"

namespace estiva::sys {

// A NUL-terminated string for a system call; made from a literal or a string that outlives the call.
class Path {
 public:
  Path(const char* text) : text_(text) {}
  Path(const std::string& text) : text_(text.c_str()) {}
  const char* c_str() const { return text_; }

 private:
  const char* text_;
};

Error error(std::string_view call, Path path);

Result<Fd> open(Path path, int flags, mode_t mode = 0);
Result<Fd> openat(FdView dir, Path path, int flags, mode_t mode = 0);
// `resolve`: RESOLVE_* of openat2(2), Linux 5.6. Retries EAGAIN (a rename ran meanwhile) a bounded number of times.
Result<Fd> openat2(FdView dir, Path path, int flags, mode_t mode, uint64_t resolve);
Result<size_t> read(FdView fd, void* buffer, size_t size);
Result<size_t> pread(FdView fd, void* buffer, size_t size, off_t offset);
Result<size_t> write(FdView fd, const void* data, size_t size);
// For a descriptor that does not block; nothing when it would.
Result<std::optional<size_t>> try_read(FdView fd, void* buffer, size_t size);
Result<std::optional<size_t>> try_write(FdView fd, const void* data, size_t size);
Result<size_t> writev(FdView fd, std::span<const struct iovec> parts);
// All of `data`, however many writes it takes.
Result<void> write_all(FdView fd, std::string_view data);
Result<struct stat> fstat(FdView fd);
Result<struct stat> fstatat(FdView dir, Path path, int flags);
Result<struct statfs> fstatfs(FdView fd);
Result<struct statfs> statfs(Path path);
Result<void> mkdirat(FdView dir, Path path, mode_t mode);
Result<void> unlinkat(FdView dir, Path path, int flags = 0);
Result<void> renameat(FdView from_dir, Path from, FdView to_dir, Path to);
Result<void> symlinkat(Path target, FdView dir, Path path);
Result<void> mknodat(FdView dir, Path path, mode_t mode, dev_t device);
Result<std::string> readlinkat(FdView dir, Path path);
Result<void> fchownat(FdView dir, Path path, uid_t uid, gid_t gid, int flags);
Result<void> fchown(FdView fd, uid_t uid, gid_t gid);
Result<void> fchmod(FdView fd, mode_t mode);
Result<void> fchmodat(FdView dir, Path path, mode_t mode);
Result<void> ftruncate(FdView fd, off_t size);
Result<void> chdir(Path path);
Result<void> fchdir(FdView fd);
Result<std::string> getcwd();
Result<Fd> dup(FdView fd, int minimum = 3);
// `number` becomes a copy of `fd` that stays open over exec.
Result<void> dup_onto(FdView fd, int number);
Result<int> fcntl_get_flags(FdView fd);
Result<void> set_close_on_exec(FdView fd, bool on);
// Of the open file, which others may have too.
Result<void> set_nonblocking(FdView fd);
Result<void> close_range(unsigned first, unsigned last, unsigned flags);
Result<void> flock(FdView fd, int operation);
Result<Fd> memfd_create(Path name, unsigned flags);
Result<void> add_seals(FdView fd, int seals);
Result<size_t> sendfile(FdView to, FdView from, size_t size);
// Raw directory entries (struct dirent64); 0 bytes at the end.
Result<size_t> getdents64(FdView dir, void* buffer, size_t size);

struct Pipe {
  Fd read, write;
};
Result<Pipe> pipe();

}  // namespace estiva::sys
