// SPDX-License-Identifier: Apache-2.0
// What belongs to the container's namespaces rather than to its file system: keyring, names, kernel parameters.
#include <errno.h>

#include "estiva/base/sys_process.h"
#include "estiva/base/text.h"
#include "runtime/child/steps.h"

namespace estiva::child {

// Its label is the program's, as the program's own keys have it.
Result<void> join_keyring(const Context& c) {
  if (!c.plan.new_keyring) return {};
  const std::string label = c.plan.process ? c.plan.process->selinux_label : "";
  if (!label.empty()) TRY(set_key_label(c, label));
  Result<void> joined = sys::join_session_keyring(text::cat("_ses.", c.plan.id));
  if (!label.empty()) TRY(set_key_label(c, ""));
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
    Result<void> done = write_host_proc(c, text::cat("sys/", step.path), step.value);
    if (!done.ok()) return std::move(done).error().object(step.object);
  }
  return {};
}

}  // namespace estiva::child
