// SPDX-License-Identifier: Apache-2.0
// What belongs to the container's namespaces rather than to its file system: keyring, names, kernel parameters.
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>

#include "estiva/base/files.h"
#include "estiva/base/sys_process.h"
#include "estiva/base/text.h"
#include "runtime/child/steps.h"

namespace estiva::child {

namespace {

// On the host's procfs, opened before anything of the container was mounted. Mounts and links on the way are
// refused: the value must land in the very file (CVE-2025-52881).
Result<Fd> open_sysctl(const Context& c, const std::string& path) {
  const std::string below = text::cat("sys/", path);
  constexpr uint64_t kResolve =
      RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  Result<Fd> opened = sys::openat2(c.host_proc, below, O_WRONLY, 0, kResolve);
  if (opened.ok() || opened.error().errnum() != ENOSYS) return opened;
  opened = sys::openat(c.host_proc, below, O_WRONLY | O_NOFOLLOW);
  Fd file = TRY(std::move(opened));
  if (TRY(sys::fstatfs(file)).f_type != PROC_SUPER_MAGIC) return Error::system("open", EXDEV);
  return file;
}

}  // namespace

Result<void> join_keyring(const Context& c) {
  if (!c.plan.new_keyring) return {};
  Result<void> joined = sys::join_session_keyring(text::cat("_ses.", c.plan.id));
  // A kernel without keyrings has none to share.
  if (!joined.ok() && joined.error().errnum() == ENOSYS) return {};
  if (!joined.ok() && joined.error().errnum() == EDQUOT) {
    return std::move(joined).error().hint(
        "the user has too many keys; --no-new-keyring keeps the caller's keyring");
  }
  return joined;
}

Result<void> set_names(const Context& c) {
  if (!c.plan.hostname.empty()) TRY(sys::sethostname(c.plan.hostname).context([] { return "/hostname"; }));
  if (!c.plan.domainname.empty())
    TRY(sys::setdomainname(c.plan.domainname).context([] { return "/domainname"; }));
  return {};
}

Result<void> write_sysctls(const Context& c) {
  for (const SysctlStep& step : c.plan.sysctls) {
    const auto write = [&]() -> Result<void> {
      const Fd file = TRY(open_sysctl(c, step.path));
      const size_t written = TRY(sys::write(file, step.value.data(), step.value.size()));
      if (written != step.value.size()) return Error::system("write", EIO);
      return {};
    };
    Result<void> done = write();
    if (!done.ok()) return std::move(done).error().object(step.object);
  }
  return {};
}

}  // namespace estiva::child
