// SPDX-License-Identifier: Apache-2.0
// Ours where it can say what the profile means, libseccomp's filter elsewhere.
#include "runtime/parent/seccomp.h"

#include <linux/seccomp.h>

#include <algorithm>

#include "estiva/base/sys_process.h"
#include "estiva/base/text.h"
#include "runtime/parent/libseccomp.h"
#include "runtime/plan/seccomp_filter.h"

namespace estiva {

Result<std::vector<sock_filter>> compile_seccomp(const spec::Seccomp& profile) {
  const seccomp::Profile numbers = TRY(resolve_seccomp(profile));
  std::optional<std::vector<sock_filter>> program = seccomp::compile_filter(numbers);
  if (!program) program = seccomp::with_enosys(numbers, TRY(export_seccomp(profile)));
  if (program->size() <= BPF_MAXINSNS) return std::move(*program);
  return Error::unsupported("/linux/seccomp", text::cat("has a filter of ", program->size(),
                                                        " instructions, the kernel takes ", BPF_MAXINSNS));
}

Result<std::vector<sock_filter>> make_filter(const SeccompPlan& plan) {
  if (!plan.program.empty()) return plan.program;
  if (plan.known_calls) TRY(check_known_calls(plan.profile));
  return compile_seccomp(plan.profile);
}

namespace {

constexpr unsigned kListener = SECCOMP_FILTER_FLAG_NEW_LISTENER;
constexpr SeccompFlag kFlags[] = {
    {"SECCOMP_FILTER_FLAG_TSYNC", SECCOMP_FILTER_FLAG_TSYNC},
    {"SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG},
    {"SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW},
    {"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV | kListener},
};

Result<unsigned> flag_of(const std::string& word, bool listener) {
  const auto known = std::ranges::find(kFlags, word, &SeccompFlag::name);
  if (known == std::end(kFlags)) return Error(Code::kInvalid, text::cat(text::quote(word), " is unknown"));
  if ((known->flag & kListener) == 0) return known->flag;  // older than the oldest kernel that we run on
  if (!listener) return Error(Code::kInvalid, text::cat(word, " needs a rule with SCMP_ACT_NOTIFY"));
  if (sys::seccomp_has_flags(known->flag)) return known->flag;
  return Error(Code::kUnsupported, text::cat(word, " is unknown to this kernel"))
      .hint("it came with Linux 5.19");
}

}  // namespace

std::span<const SeccompFlag> seccomp_flag_names() { return kFlags; }

Result<unsigned> seccomp_flags(const spec::Seccomp& profile) {
  const bool listener = !profile.listener_path.empty();
  unsigned flags = listener ? kListener : 0;
  if (!profile.flags) return flags | SECCOMP_FILTER_FLAG_SPEC_ALLOW;
  for (size_t i = 0; i < profile.flags->size(); ++i) {
    flags |= TRY(flag_of((*profile.flags)[i], listener).context([&] {
      return text::cat("/linux/seccomp/flags/", i);
    }));
  }
  // One thread loads the filter, so there is nobody to take along, and Linux before 5.7 refuses both together.
  if (listener) flags &= ~unsigned{SECCOMP_FILTER_FLAG_TSYNC};
  return flags;
}

}  // namespace estiva
