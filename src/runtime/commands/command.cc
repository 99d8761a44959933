// SPDX-License-Identifier: Apache-2.0
// What all commands share.
#include "runtime/commands/command.h"

#include "estiva/base/sys.h"
#include "estiva/base/text.h"

namespace estiva {

std::string usage(const Command& command) {
  return text::cat("estiva ", command.name, command.options.empty() ? "" : " [OPTION...]",
                   command.operands[0] == 0 ? "" : " ", command.operands);
}

Result<std::vector<std::string>> parse_operands(const Command& command, void* target, const Invocation& in,
                                                size_t least, size_t most) {
  std::vector<std::string> operands = TRY(options::parse(command.options, target, in.arguments, true));
  if (operands.size() >= least && operands.size() <= most) return operands;
  const char* problem = operands.size() < least ? "an operand is missing" : "too many operands";
  return Error(Code::kInvalid, text::cat(command.name, ": ", problem))
      .hint(text::cat("usage: ", usage(command)));
}

Result<void> print(std::string_view text) { return sys::write_all(FdView::of_number(1), text); }

}  // namespace estiva
