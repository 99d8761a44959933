// SPDX-License-Identifier: Apache-2.0
// Writes to the host's procfs from inside the container's namespaces.
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>

#include "estiva/base/sys.h"
#include "runtime/child/steps.h"

namespace estiva::child {

namespace {

Result<Fd> open_file(const Context& c, const std::string& path) {
  constexpr uint64_t kResolve =
      RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  Result<Fd> opened = sys::openat2(c.host_proc, path, O_WRONLY, 0, kResolve);
  if (opened.ok() || opened.error().errnum() != ENOSYS) return opened;
  opened = sys::openat(c.host_proc, path, O_WRONLY | O_NOFOLLOW);
  Fd file = TRY(std::move(opened));
  if (TRY(sys::fstatfs(file)).f_type != PROC_SUPER_MAGIC) return Error::system("open", EXDEV);
  return file;
}

}  // namespace

Result<void> write_host_proc(const Context& c, const std::string& path, std::string_view value) {
  const Fd file = TRY(open_file(c, path));
  const size_t written = TRY(sys::write(file, value.data(), value.size()));
  if (written != value.size()) return Error::system("write", EIO);
  return {};
}

}  // namespace estiva::child
