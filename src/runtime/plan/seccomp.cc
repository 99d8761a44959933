// SPDX-License-Identifier: Apache-2.0
// Checks the seccomp object (config-linux.md, "Seccomp"); it is compiled by parent/seccomp.
#include <algorithm>

#include "estiva/base/text.h"
#include "runtime/plan/parts.h"

namespace estiva::plan {

namespace {

constexpr spec::SeccompAction kNotify = spec::SeccompAction::kNotify;

bool takes_errno(spec::SeccompAction action) {
  return action == spec::SeccompAction::kErrno || action == spec::SeccompAction::kTrace;
}

Result<void> check_action(spec::SeccompAction action, const std::optional<uint32_t>& errno_ret,
                          const std::string& errno_object) {
  constexpr uint32_t kMaxErrno = 4095;
  if (errno_ret && !takes_errno(action)) {
    return Error::invalid(errno_object, text::cat("is not for the action ", spec::name(action)));
  }
  if (errno_ret && *errno_ret > kMaxErrno) return Error::invalid(errno_object, "is above 4095");
  return {};
}

bool notifies(const spec::Seccomp& seccomp) {
  return std::ranges::find(seccomp.syscalls, kNotify, &spec::SeccompSyscall::action) !=
         seccomp.syscalls.end();
}

Result<void> check_listener(const spec::Seccomp& seccomp) {
  const std::string base = "/linux/seccomp";
  // libseccomp takes no such filter either: nothing would ever run, the agent not being there yet.
  if (seccomp.default_action == kNotify)
    return Error::invalid(base + "/defaultAction", "can't be SCMP_ACT_NOTIFY");
  const std::string& path = seccomp.listener_path;
  if (path.empty() && !seccomp.listener_metadata.empty())
    return Error::invalid(base + "/listenerMetadata", "needs listenerPath");
  if (!notifies(seccomp)) return {};
  if (path.empty()) return Error::invalid(base + "/listenerPath", "is required for SCMP_ACT_NOTIFY");
  if (!path.starts_with('/'))
    return Error::invalid(base + "/listenerPath", text::cat(text::quote(path), " is not an absolute path"));
  return {};
}

// By write(2) the init says that the agent can be given its listener (child/seccomp.cc). runc refuses it too.
Result<void> check_names(const spec::SeccompSyscall& rule, const std::string& object) {
  if (rule.names.empty()) return Error::invalid(object, "is empty");
  const auto found = std::ranges::find(rule.names, "write");
  if (rule.action != kNotify || found == rule.names.end()) return {};
  return Error::invalid(text::cat(object, "/", found - rule.names.begin()),
                        "write can't be left to the seccomp agent by SCMP_ACT_NOTIFY");
}

}  // namespace

Result<spec::Seccomp> plan_seccomp(const spec::Seccomp& seccomp) {
  const std::string base = "/linux/seccomp";
  TRY(check_action(seccomp.default_action, seccomp.default_errno_ret, base + "/defaultErrnoRet"));
  TRY(check_listener(seccomp));
  for (size_t i = 0; i < seccomp.syscalls.size(); ++i) {
    const spec::SeccompSyscall& rule = seccomp.syscalls[i];
    const std::string object = text::cat(base, "/syscalls/", i);
    TRY(check_names(rule, object + "/names"));
    TRY(check_action(rule.action, rule.errno_ret, object + "/errnoRet"));
    for (size_t j = 0; j < rule.args.size(); ++j) {
      if (rule.args[j].index > 5)
        return Error::invalid(text::cat(object, "/args/", j, "/index"), "is above 5");
    }
  }
  spec::Seccomp plan = seccomp;
  if (notifies(seccomp)) return plan;
  plan.listener_path.clear();
  plan.listener_metadata.clear();
  return plan;
}

}  // namespace estiva::plan
