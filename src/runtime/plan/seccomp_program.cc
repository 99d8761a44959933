// SPDX-License-Identifier: Apache-2.0
// A filter that is given as the kernel takes it, in an annotation: its form, and whether it leaves calls to the agent.
#include <linux/seccomp.h>
#include <string.h>

#include <algorithm>

#include "estiva/base/base64.h"
#include "estiva/base/text.h"
#include "runtime/plan/annotations.h"
#include "runtime/plan/parts.h"

namespace estiva::plan {

Result<std::vector<sock_filter>> read_seccomp_program(const std::string& text) {
  const auto bad = [](std::string message) {
    return Error::invalid(annotations::pointer(annotations::kSeccompProgram), std::move(message));
  };
  const std::optional<std::string> bytes = from_base64(text);
  if (!bytes) return bad("is not base64");
  if (bytes->empty()) return bad("is empty");
  if (bytes->size() % sizeof(sock_filter) != 0) return bad("ends within an instruction of 8 bytes");
  std::vector<sock_filter> program(bytes->size() / sizeof(sock_filter));
  if (program.size() > BPF_MAXINSNS) {
    return bad(
        text::cat("is a filter of ", program.size(), " instructions, the kernel takes ", BPF_MAXINSNS));
  }
  memcpy(program.data(), bytes->data(), bytes->size());
  return program;
}

AgentUse agent_use(const std::vector<sock_filter>& program) {
  const auto returns = [](const sock_filter& one, unsigned from) {
    return BPF_CLASS(one.code) == BPF_RET && BPF_RVAL(one.code) == from;
  };
  const auto notifies = [&](const sock_filter& one) {
    return returns(one, BPF_K) && (one.k & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_USER_NOTIF;
  };
  if (std::ranges::any_of(program, notifies)) return AgentUse::kCertain;
  const bool computes =
      std::ranges::any_of(program, [&](const sock_filter& one) { return returns(one, BPF_A); });
  return computes ? AgentUse::kPossible : AgentUse::kNone;
}

}  // namespace estiva::plan
