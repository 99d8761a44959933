// SPDX-License-Identifier: Apache-2.0
// System calls on files and descriptors.
#include "estiva/base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "estiva/base/text.h"

namespace estiva::sys {

namespace {

// openat2 reports a rename that raced with ".." as EAGAIN; a hostile container can provoke it again and again.
constexpr int kMaxRaces = 128;

template <typename Call>
auto retry(Call&& call) {
  decltype(call()) result;
  do {
    result = call();
  } while (result < 0 && errno == EINTR);
  return result;
}

Result<void> check(long result, std::string_view call) {
  if (result < 0) return Error::system(call, errno);
  return {};
}

Result<void> check(long result, std::string_view call, Path path) {
  if (result < 0) return error(call, path);
  return {};
}

Result<Fd> check_fd(int fd, std::string_view call, Path path, Closing closing = Closing::kNow) {
  if (fd < 0) return error(call, path);
  return Fd(fd, closing);
}

Closing closing_of(int flags) { return (flags & O_PATH) != 0 ? Closing::kLater : Closing::kNow; }

}  // namespace

Error error(std::string_view call, Path path) {
  const int errnum = errno;
  const std::string_view name = path.c_str();
  if (name.empty()) return Error::system(call, errnum);
  return Error::system(text::cat(call, " ", name), errnum);
}

Result<Fd> open(Path path, int flags, mode_t mode) { return openat(FdView::cwd(), path, flags, mode); }

Result<Fd> openat(FdView dir, Path path, int flags, mode_t mode) {
  return check_fd(retry([&] { return ::openat(dir.number(), path.c_str(), flags | O_CLOEXEC, mode); }),
                  "open", path, closing_of(flags));
}

Result<Fd> openat2(FdView dir, Path path, int flags, mode_t mode, uint64_t resolve) {
  struct open_how how = {};
  how.flags = static_cast<uint64_t>(flags | O_CLOEXEC);
  how.mode = mode;
  how.resolve = resolve;
  int fd = -1;
  for (int tries = 0; tries < kMaxRaces; ++tries) {
    fd = static_cast<int>(::syscall(SYS_openat2, dir.number(), path.c_str(), &how, sizeof how));
    if (fd >= 0 || (errno != EAGAIN && errno != EINTR)) break;
  }
  return check_fd(fd, "openat2", path, closing_of(flags));
}

Result<size_t> read(FdView fd, void* buffer, size_t size) {
  const ssize_t got = retry([&] { return ::read(fd.number(), buffer, size); });
  if (got < 0) return Error::system("read", errno);
  return static_cast<size_t>(got);
}

Result<size_t> pread(FdView fd, void* buffer, size_t size, off_t offset) {
  const ssize_t got = retry([&] { return ::pread(fd.number(), buffer, size, offset); });
  if (got < 0) return Error::system("pread", errno);
  return static_cast<size_t>(got);
}

Result<size_t> write(FdView fd, const void* data, size_t size) {
  const ssize_t put = retry([&] { return ::write(fd.number(), data, size); });
  if (put < 0) return Error::system("write", errno);
  return static_cast<size_t>(put);
}

static Result<std::optional<size_t>> tried(ssize_t size, std::string_view call) {
  if (size < 0 && errno == EAGAIN) return std::optional<size_t>();
  if (size < 0) return Error::system(call, errno);
  return std::optional<size_t>(static_cast<size_t>(size));
}

Result<std::optional<size_t>> try_read(FdView fd, void* buffer, size_t size) {
  return tried(retry([&] { return ::read(fd.number(), buffer, size); }), "read");
}

Result<std::optional<size_t>> try_write(FdView fd, const void* data, size_t size) {
  return tried(retry([&] { return ::write(fd.number(), data, size); }), "write");
}

Result<size_t> writev(FdView fd, std::span<const struct iovec> parts) {
  const ssize_t put =
      retry([&] { return ::writev(fd.number(), parts.data(), static_cast<int>(parts.size())); });
  if (put < 0) return Error::system("writev", errno);
  return static_cast<size_t>(put);
}

Result<void> write_all(FdView fd, std::string_view data) {
  while (!data.empty()) {
    const size_t put = TRY(write(fd, data.data(), data.size()));
    data.remove_prefix(put);
  }
  return {};
}

Result<struct stat> fstat(FdView fd) {
  struct stat info;
  TRY(check(::fstat(fd.number(), &info), "fstat"));
  return info;
}

Result<struct stat> fstatat(FdView dir, Path path, int flags) {
  struct stat info;
  TRY(check(::fstatat(dir.number(), path.c_str(), &info, flags), "stat", path));
  return info;
}

Result<struct statfs> fstatfs(FdView fd) {
  struct statfs info;
  TRY(check(retry([&] { return ::fstatfs(fd.number(), &info); }), "fstatfs"));
  return info;
}

Result<struct statfs> statfs(Path path) {
  struct statfs info;
  TRY(check(retry([&] { return ::statfs(path.c_str(), &info); }), "statfs", path));
  return info;
}

Result<void> mkdirat(FdView dir, Path path, mode_t mode) {
  return check(::mkdirat(dir.number(), path.c_str(), mode), "mkdir", path);
}

Result<void> unlinkat(FdView dir, Path path, int flags) {
  return check(::unlinkat(dir.number(), path.c_str(), flags),
               (flags & AT_REMOVEDIR) != 0 ? "rmdir" : "unlink", path);
}

Result<void> renameat(FdView from_dir, Path from, FdView to_dir, Path to) {
  return check(::renameat(from_dir.number(), from.c_str(), to_dir.number(), to.c_str()), "rename", to);
}

Result<void> symlinkat(Path target, FdView dir, Path path) {
  return check(::symlinkat(target.c_str(), dir.number(), path.c_str()), "symlink", path);
}

Result<void> mknodat(FdView dir, Path path, mode_t mode, dev_t device) {
  return check(::mknodat(dir.number(), path.c_str(), mode, device), "mknod", path);
}

Result<std::string> readlinkat(FdView dir, Path path) {
  std::string target(4096, '\0');
  const ssize_t size = ::readlinkat(dir.number(), path.c_str(), target.data(), target.size());
  if (size < 0) return error("readlink", path);
  if (static_cast<size_t>(size) == target.size()) return Error::system("readlink", ENAMETOOLONG);
  target.resize(static_cast<size_t>(size));
  return target;
}

Result<void> fchownat(FdView dir, Path path, uid_t uid, gid_t gid, int flags) {
  return check(::fchownat(dir.number(), path.c_str(), uid, gid, flags), "chown", path);
}

Result<void> fchown(FdView fd, uid_t uid, gid_t gid) {
  return check(::fchown(fd.number(), uid, gid), "fchown");
}

Result<void> fchmod(FdView fd, mode_t mode) { return check(::fchmod(fd.number(), mode), "fchmod"); }

Result<void> fchmodat(FdView dir, Path path, mode_t mode) {
  return check(::fchmodat(dir.number(), path.c_str(), mode, 0), "chmod", path);
}

Result<void> ftruncate(FdView fd, off_t size) {
  return check(retry([&] { return ::ftruncate(fd.number(), size); }), "ftruncate");
}

Result<void> chdir(Path path) { return check(::chdir(path.c_str()), "chdir", path); }

Result<void> fchdir(FdView fd) { return check(::fchdir(fd.number()), "fchdir"); }

Result<std::string> getcwd() {
  char buffer[4096];
  // The system call, not the library: it marks a directory outside the root as "(unreachable)" (CVE-2024-21626).
  const long size = ::syscall(SYS_getcwd, buffer, sizeof buffer);
  if (size < 0) return Error::system("getcwd", errno);
  return std::string(buffer);
}

Result<Fd> dup(FdView fd, int minimum) {
  return check_fd(::fcntl(fd.number(), F_DUPFD_CLOEXEC, minimum), "fcntl F_DUPFD_CLOEXEC", "");
}

Result<void> dup_onto(FdView fd, int number) {
  if (fd.number() == number) return set_close_on_exec(fd, false);
  return check(retry([&] { return ::dup3(fd.number(), number, 0); }), "dup3");
}

Result<int> fcntl_get_flags(FdView fd) {
  const int flags = ::fcntl(fd.number(), F_GETFD);
  if (flags < 0) return Error::system("fcntl F_GETFD", errno);
  return flags;
}

Result<void> set_close_on_exec(FdView fd, bool on) {
  return check(::fcntl(fd.number(), F_SETFD, on ? FD_CLOEXEC : 0), "fcntl F_SETFD");
}

// No descriptor has this number or a higher one. Not the limit of descriptors: that may be lower now than when one was
// opened, and a million where few are open. select(2) refuses a number that is not open, but takes no notice of those
// behind the end of the table (its BUGS).
static unsigned descriptors_end() {
  constexpr unsigned kBits = 8 * sizeof(unsigned long), kMost = 1U << 30;
  unsigned end = 64;  // the least that a table has
  for (; end < kMost; end *= 2) {
    std::vector<unsigned long> set(end / kBits + 1);
    set.back() = 1;
    timeval no_wait{};
    if (::fcntl(static_cast<int>(end), F_GETFD) < 0 &&
        ::select(static_cast<int>(end) + 1, reinterpret_cast<fd_set*>(set.data()), nullptr, nullptr,
                 &no_wait) == 0)
      break;
  }
  return end;
}

// Before Linux 5.9 (5.11 for CLOSE_RANGE_CLOEXEC) one by one.
static void close_each(unsigned first, unsigned last, unsigned flags) {
  const unsigned end = std::min(last, descriptors_end() - 1) + 1;
  for (unsigned number = first; number < end; ++number) {
    if ((flags & CLOSE_RANGE_CLOEXEC) != 0) {
      (void)::fcntl(static_cast<int>(number), F_SETFD, FD_CLOEXEC);
    } else {
      ::close(static_cast<int>(number));
    }
  }
}

Result<void> set_nonblocking(FdView fd) {
  const int flags = ::fcntl(fd.number(), F_GETFL);
  TRY(check(flags, "fcntl F_GETFL"));
  return check(::fcntl(fd.number(), F_SETFL, flags | O_NONBLOCK), "fcntl F_SETFL");
}

Result<void> close_range(unsigned first, unsigned last, unsigned flags) {
  const long result = ::syscall(SYS_close_range, first, last, flags);
  const bool lacking = result < 0 && (errno == ENOSYS || errno == EINVAL);
  if (!lacking) TRY(check(result, "close_range"));
  if (lacking) close_each(first, last, flags);
  if ((flags & CLOSE_RANGE_CLOEXEC) == 0) Fd::forget_waiting(first, last);
  return {};
}

Result<void> flock(FdView fd, int operation) {
  return check(retry([&] { return ::flock(fd.number(), operation); }), "flock");
}

Result<Fd> memfd_create(Path name, unsigned flags) {
  return check_fd(::memfd_create(name.c_str(), flags | MFD_CLOEXEC), "memfd_create", "");
}

Result<void> add_seals(FdView fd, int seals) {
  return check(::fcntl(fd.number(), F_ADD_SEALS, seals), "fcntl F_ADD_SEALS");
}

Result<size_t> sendfile(FdView to, FdView from, size_t size) {
  const ssize_t sent = retry([&] { return ::sendfile(to.number(), from.number(), nullptr, size); });
  if (sent < 0) return Error::system("sendfile", errno);
  return static_cast<size_t>(sent);
}

Result<size_t> getdents64(FdView dir, void* buffer, size_t size) {
  const ssize_t got = ::getdents64(dir.number(), buffer, size);
  if (got < 0) return Error::system("getdents64", errno);
  return static_cast<size_t>(got);
}

Result<Pipe> pipe() {
  int fds[2];
  TRY(check(::pipe2(fds, O_CLOEXEC), "pipe2"));
  return Pipe{Fd(fds[0]), Fd(fds[1])};
}

}  // namespace estiva::sys
