// SPDX-License-Identifier: Apache-2.0
// What AppArmor and SELinux confine the program by, told to the kernel by way of /proc/PID/attr. It takes effect with
// the next exec of this process or of one that is cloned from it.
#include <errno.h>

#include "estiva/base/sys.h"
#include "estiva/base/text.h"
#include "runtime/child/steps.h"

namespace estiva::child {

namespace {

// "self" is a link, and links are refused.
Result<void> write_attribute(const Context& c, std::string_view name, std::string_view value) {
  const std::string self = TRY(sys::readlinkat(c.host_proc, "self"));
  return write_host_proc(c, text::cat(self, "/attr/", name), value);
}

Result<void> set_profile(const Context& c, const std::string& profile) {
  const std::string command = text::cat("exec ", profile);
  Result<void> set = write_attribute(c, "apparmor/exec", command);
  // A file of its own since Linux 5.8; the other is the first security module's.
  const bool absent = !set.ok() && set.error().errnum() == ENOENT && set.error().parts().call != "write";
  if (absent) set = write_attribute(c, "exec", command);
  if (set.ok()) return {};
  // Engines take "no such file" for a missing program.
  if (set.error().errnum() == ENOENT || set.error().errnum() == EINVAL)
    return Error(Code::kInvalid, text::cat("the profile ", text::quote(profile), " is not loaded"));
  return std::move(set).context([] { return "/proc/self/attr/exec"; });
}

}  // namespace

Result<void> set_labels(const Context& c) {
  if (!c.plan.process) return {};
  const ProcessPlan& process = *c.plan.process;
  if (!process.apparmor_profile.empty()) {
    Result<void> set = set_profile(c, process.apparmor_profile);
    if (!set.ok()) return std::move(set).error().object("/process/apparmorProfile");
  }
  if (process.selinux_label.empty()) return {};
  Result<void> set = write_attribute(c, "exec", process.selinux_label);
  if (set.ok()) return {};
  return std::move(set).error().object("/process/selinuxLabel").context("/proc/self/attr/exec");
}

Result<void> set_key_label(const Context& c, std::string_view label) {
  Result<void> set = write_attribute(c, "keycreate", label);
  if (set.ok()) return {};
  return std::move(set).error().object("/process/selinuxLabel").context("/proc/self/attr/keycreate");
}

}  // namespace estiva::child
