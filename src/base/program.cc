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
                              program.summary, "\n", program.headings.empty() ? "\nCommands:\n" : "");
  for (const Command* command : program.commands) {
    if (command->name[0] == '_') continue;  // called by our own programs only
    const auto heading = std::ranges::find(program.headings, command, &Heading::first);
    if (heading != program.headings.end()) text::append(out, text::cat("\n", heading->text, ":\n"));
    std::string line = text::cat("  ", command->name);
    line.resize(width, ' ');
    out += text::cat(line, command->summary, "\n");
  }
  text::append(out, text::cat("\n", options::describe(program.options)));
  if (program.exit_status[0] != 0) text::append(out, text::cat("\nExit status:\n", program.exit_status));
  return text::cat(out, "\n\"", program.name, " COMMAND --help\" shows the options of a command, \"man ",
                   program.name, "-COMMAND\" explains them.\n");
}

std::string command_help(const Program& program, const Command& command) {
  std::string out = text::cat("usage: ", usage(program, command), "\n\n", command.summary, "\n");
  if (!command.options.empty()) out += text::cat("\n", options::describe(command.options));
  if (command.examples[0] != 0) out += text::cat("\nExamples:\n", command.examples);
  return out;
}

// `error`, with what to do if it does not say that yet.
Error with_hint(Error error, std::string hint) {
  if (!error.parts().hint.empty()) return error;
  return std::move(error).hint(std::move(hint));
}

// The global option that `error` does not know because it stands behind the command: `estiva list --root DIR`.
std::string misplaced(const Error& error, const Invocation& in) {
  for (const std::string& typed : in.arguments) {
    if (!typed.starts_with("--")) continue;
    const options::Word word = options::read_word(in.program.options, typed);
    if (word.option == nullptr) continue;
    if (error.parts().message == options::unknown(word.name)) return std::string(word.name);
  }
  return {};
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
  const bool polled = sys::poll(streams, 0).ok();  // one call for three, but it may lack memory
  for (const struct pollfd& one : streams) {
    const bool open =
        polled ? (one.revents & POLLNVAL) == 0 : sys::fcntl_get_flags(FdView::of_number(one.fd)).ok();
    if (open) continue;
    Fd null = TRY(sys::open("/dev/null", O_RDWR));  // gets the lowest number that is free
    TRY(sys::set_close_on_exec(null, false));
    (void)null.release();
  }
  return {};
}

Result<int> run(const Program& program, GlobalOptions& global, Invocation& in) {
  TRY(fill_standard_streams());
  std::vector<std::string>& rest = in.arguments;
  Result<std::vector<std::string>> after = options::parse(program.options, &global, rest, false);
  if (!after.ok()) {
    return with_hint(
        std::move(after).error(),
        text::cat(program.name, " --help lists the global options; those of a command stand after it"));
  }
  rest = std::move(after).value();
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
  const auto instead = std::ranges::find(program.instead, std::string_view(name),
                                         [](const Instead& each) { return std::string_view(each.word); });
  if (instead != program.instead.end()) return std::move(error).hint(instead->hint);
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
  Result<std::vector<std::string>> parsed =
      options::parse(command.options, target, in.arguments, !command.options_end_at_operand);
  if (!parsed.ok()) {
    Error error = std::move(parsed).error();
    const std::string global = misplaced(error, in);
    const std::string program_name = in.program.name;
    if (!global.empty()) {
      return std::move(error).hint(text::cat(global, " stands before the command: ", program_name, " ",
                                             global, " ... ", command.name));
    }
    return with_hint(std::move(error),
                     text::cat(program_name, " ", command.name, " --help lists the options"));
  }
  std::vector<std::string> operands = std::move(parsed).value();
  if (operands.size() >= least && operands.size() <= most) return operands;
  const char* problem = operands.size() < least ? "an operand is missing" : "too many operands";
  return Error(Code::kInvalid, text::cat(command.name, ": ", problem))
      .hint(text::cat("usage: ", usage(in.program, command)));
}

Result<void> print(std::string_view text) { return sys::write_all(FdView::of_number(1), text); }

}  // namespace estiva
