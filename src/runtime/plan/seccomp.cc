// SPDX-License-Identifier: Apache-2.0
// Checks the seccomp object (config-linux.md, "Seccomp"); it is compiled by parent/seccomp.
#include "estiva/base/text.h"
#include "runtime/plan/parts.h"

namespace estiva::plan {

namespace {

bool takes_errno(spec::SeccompAction action) {
  return action == spec::SeccompAction::kErrno || action == spec::SeccompAction::kTrace;
}

Result<void> check_action(spec::SeccompAction action, const std::optional<uint32_t>& errno_ret,
                          const std::string& action_object, const std::string& errno_object) {
  constexpr uint32_t kMaxErrno = 4095;
  if (action == spec::SeccompAction::kNotify) {
    return Error::unsupported(action_object, "SCMP_ACT_NOTIFY is not supported by this version");
  }
  if (errno_ret && !takes_errno(action)) {
    return Error::invalid(errno_object, text::cat("is not for the action ", spec::name(action)));
  }
  if (errno_ret && *errno_ret > kMaxErrno) return Error::invalid(errno_object, "is above 4095");
  return {};
}

}  // namespace

Result<void> check_seccomp(const spec::Seccomp& seccomp) {
  const std::string base = "/linux/seccomp";
  TRY(check_action(seccomp.default_action, seccomp.default_errno_ret, base + "/defaultAction",
                   base + "/defaultErrnoRet"));
  if (!seccomp.listener_path.empty())
    return Error::unsupported(base + "/listenerPath", "is not supported by this version");
  if (!seccomp.listener_metadata.empty())
    return Error::invalid(base + "/listenerMetadata", "needs listenerPath");
  for (size_t i = 0; i < seccomp.syscalls.size(); ++i) {
    const spec::SeccompSyscall& rule = seccomp.syscalls[i];
    const std::string object = text::cat(base, "/syscalls/", i);
    if (rule.names.empty()) return Error::invalid(object + "/names", "is empty");
    TRY(check_action(rule.action, rule.errno_ret, object + "/action", object + "/errnoRet"));
    for (size_t j = 0; j < rule.args.size(); ++j) {
      if (rule.args[j].index > 5)
        return Error::invalid(text::cat(object, "/args/", j, "/index"), "is above 5");
    }
  }
  return {};
}

}  // namespace estiva::plan
