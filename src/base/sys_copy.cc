// SPDX-License-Identifier: Apache-2.0
// System calls that only the copy of a tree of files needs.
#include "estiva/base/sys_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

namespace estiva::sys {

namespace {

Result<void> check(long result, std::string_view call, Path path) {
  if (result < 0) return error(call, path);
  return {};
}

// `call` fills a buffer and tells the size; with none it tells how much there is. Both may change in between.
template <typename Call>
Result<std::string> whole(std::string_view name, Path path, const Call& call) {
  for (;;) {
    const ssize_t size = call(nullptr, 0);
    TRY(check(size, name, path));
    std::string buffer(static_cast<size_t>(size), '\0');
    const ssize_t filled = size == 0 ? 0 : call(buffer.data(), buffer.size());
    if (filled < 0 && errno == ERANGE) continue;
    TRY(check(filled, name, path));
    buffer.resize(static_cast<size_t>(filled));
    return buffer;
  }
}

}  // namespace

Result<off_t> lseek(FdView fd, off_t offset, int whence) {
  const off_t result = ::lseek(fd.number(), offset, whence);
  if (result < 0) return error("lseek", "");
  return result;
}

Result<void> linkat(FdView from_dir, Path from, FdView to_dir, Path to) {
  return check(::linkat(from_dir.number(), from.c_str(), to_dir.number(), to.c_str(), 0), "link", to);
}

Result<void> utimensat(FdView dir, Path path, const struct timespec (&access_and_change)[2]) {
  return check(::utimensat(dir.number(), path.c_str(), access_and_change, 0), "utimensat", path);
}

Result<std::string> listxattr(Path path) {
  return whole("listxattr", path,
               [&](char* buffer, size_t size) { return ::listxattr(path.c_str(), buffer, size); });
}

Result<std::string> getxattr(Path path, Path name) {
  return whole("getxattr", name, [&](char* buffer, size_t size) {
    return ::getxattr(path.c_str(), name.c_str(), buffer, size);
  });
}

Result<void> setxattr(Path path, Path name, const std::string& value) {
  return check(::setxattr(path.c_str(), name.c_str(), value.data(), value.size(), 0), "setxattr", name);
}

}  // namespace estiva::sys
