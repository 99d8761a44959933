// SPDX-License-Identifier: Apache-2.0
// The tables of global options and of commands, and what all commands share.
#include "runtime/commands/command.h"

#include "estiva/base/sys.h"
#include "estiva/base/text.h"

namespace estiva {

namespace {

using G = GlobalOptions;
constexpr Option kGlobalRows[] = {
    options::row<&G::root>(0, "root", "DIR",
                           "where the state of containers is kept; /run/estiva if not given"),
    options::row<&G::log>(0, "log", "FILE", "also write warnings and errors to FILE"),
    options::row<&G::log_format>(0, "log-format", "text|json", "of that file"),
    options::row<&G::debug>(0, "debug", nullptr, "say more"),
    options::row<&G::version>('v', "version", nullptr, "print the version"),
    options::row<&G::help>('h', "help", nullptr, "print this text"),
};

const Command* const kCommands[] = {&kCreate, &kStart, &kRun,  &kState, &kKill,     &kDelete, &kPause,
                                    &kResume, &kPs,    &kList, &kSpec,  &kFeatures, &kPlan,   &kComplete};

}  // namespace

std::span<const Command* const> commands() { return kCommands; }
std::span<const Option> global_options() { return kGlobalRows; }

Result<const Command*> find_command(const std::string& name) {
  std::vector<std::string_view> names;
  for (const Command* command : commands()) {
    if (name == command->name) return command;
    names.emplace_back(command->name);
  }
  Error error(Code::kInvalid, text::cat("unknown command ", text::quote(name)));
  if (const auto near = text::nearest(name, names))
    return std::move(error).hint(text::cat("did you mean ", *near, "?"));
  return std::move(error).hint("estiva --help lists the commands");
}

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
