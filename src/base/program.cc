// SPDX-License-Identifier: Apache-2.0
// From a command line to an exit status: help, the log, the one place that prints errors.
#include "estiva/base/program.h"

#include <fcntl.h>

#include <algorithm>

#include "config.h"
#include "estiva/base/sys.h"
#include "estiva/base/sys_socket.h"
#include "estiva/base/text.h"

namespace estiva {

namespace {

std::string version_text(const Program& program) {
  return text::cat(program.name, " version ", PACKAGE_VERSION, "\n", program.version_lines());
}

std::string help_text(const Program& program) {
  size_t width = 12;
  for (const Command* command : program.commands)
    width = std::max(width, 4 + std::string_view(command->name).size());
  std::string out = text::cat("usage: ", program.name, " [OPTION...] COMMAND [ARGUMENT...]\n\n",
                              program.summary, "\n\nCommands:\n");
  for (const Command* command : program.commands) {
    if (command->name[0] == '_') continue;  // called by our own programs only
    std::string line = text::cat("  ", command->name);
    line.resize(width, ' ');
    out += text::cat(line, command->summary, "\n");
  }
  return text::cat(out, "\nOptions:\n", options::describe(program.options), "\n\"", program.name,
                   " COMMAND --help\" says more of a command.\n");
}

std::string command_help(const Program& program, const Command& command) {
  std::string out = text::cat("usage: ", usage(program, command), "\n\n", command.summary, "\n");
  if (!command.options.empty()) out += text::cat("\nOptions:\n", options::describe(command.options));
  return out;
}

Result<void> set_up_log(const GlobalOptions& global, Log& log) {
  const std::string level = global.debug ? "debug" : global.log_level;
  log.set_level(static_cast<LogLevel>(std::ranges::find(kLogLevelNames, level) - std::begin(kLogLevelNames)));
  log.set_format(global.log_format == "json" ? LogFormat::kJson : LogFormat::kText);
  return global.log.empty() ? Result<void>() : log.open(global.log);
}

// Where the command's own options end: at "--", or at the first operand of a command that starts something.
bool asks_for_help(const Command& command, std::span<const std::string> words) {
  const bool has_letter = std::ranges::find(command.options, 'h', &Option::letter) != command.options.end();
  for (size_t i = 0; i < words.size() && words[i] != "--"; ++i) {
    if (words[i] == "--help" || (words[i] == "-h" && !has_letter)) return true;
    if (!command.options_end_at_operand) continue;
    if (!words[i].starts_with('-')) return false;
    if (options::read_word(command.options, words[i]).wants_value()) ++i;
  }
  return false;
}

// Where the caller has closed a standard stream, the next file that we open would have its number: we would write messages
// to it, and whoever we start would have it.
Result<void> fill_standard_streams() {
  struct pollfd streams[] = {{0, 0, 0}, {1, 0, 0}, {2, 0, 0}};
  TRY(sys::poll(streams, 0));
  for (const struct pollfd& one : streams) {
    if ((one.revents & POLLNVAL) == 0) continue;
    Fd null = TRY(sys::open("/dev/null", O_RDWR));  // gets the lowest number that is free
    TRY(sys::set_close_on_exec(null, false));
    (void)null.release();
  }
  return {};
}

Result<int> run(const Program& program, GlobalOptions& global, Invocation& in) {
  TRY(fill_standard_streams());
  std::vector<std::string>& rest = in.arguments;
  rest = TRY(options::parse(program.options, &global, rest, false));
  TRY(set_up_log(global, in.log));
  if (global.version) {
    TRY(print(version_text(program)));
    return 0;
  }
  if (rest.size() > 1 && rest[0] == "help") {
    TRY(print(command_help(program, *TRY(find_command(program, rest[1])))));
    return 0;
  }
  if (global.help || (!rest.empty() && rest[0] == "help")) {
    TRY(print(help_text(program)));
    return 0;
  }
  if (rest.empty()) {
    return Error(Code::kInvalid, "no command is given")
        .hint(text::cat(program.name, " --help lists the commands"));
  }
  const Command& command = *TRY(find_command(program, rest[0]));
  rest.erase(rest.begin());
  if (asks_for_help(command, rest)) {
    TRY(print(command_help(program, command)));
    return 0;
  }
  Result<int> code = command.run(in);
  if (code.ok()) return code;
  return std::move(code).error().stage(command.name);
}

}  // namespace

int run_program(const Program& program, GlobalOptions& global, int argc, char** argv) {
  Log log(program.name);
  Invocation in{program, global, std::vector<std::string>(argv + std::min(argc, 1), argv + argc), log, argv};
  const Result<int> code = run(program, global, in);
  if (code.ok()) return code.value();
  log.error(code.error());
  return program.error_status;
}

Result<const Command*> find_command(const Program& program, const std::string& name) {
  std::vector<std::string_view> names;
  for (const Command* command : program.commands) {
    if (name == command->name) return command;
    names.emplace_back(command->name);
  }
  Error error(Code::kInvalid, text::cat("unknown command ", text::quote(name)));
  if (const auto near = text::nearest(name, names))
    return std::move(error).hint(text::cat("did you mean ", *near, "?"));
  return std::move(error).hint(text::cat(program.name, " --help lists the commands"));
}

std::string usage(const Program& program, const Command& command) {
  return text::cat(program.name, " ", command.name, command.options.empty() ? "" : " [OPTION...]",
                   command.operands[0] == 0 ? "" : " ", command.operands);
}

Result<std::vector<std::string>> parse_operands(const Command& command, void* target, const Invocation& in,
                                                size_t least, size_t most) {
  std::vector<std::string> operands =
      TRY(options::parse(command.options, target, in.arguments, !command.options_end_at_operand));
  if (operands.size() >= least && operands.size() <= most) return operands;
  const char* problem = operands.size() < least ? "an operand is missing" : "too many operands";
  return Error(Code::kInvalid, text::cat(command.name, ": ", problem))
      .hint(text::cat("usage: ", usage(in.program, command)));
}

Result<void> print(std::string_view text) { return sys::write_all(FdView::of_number(1), text); }

}  // namespace estiva
