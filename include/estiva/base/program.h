// SPDX-License-Identifier: Apache-2.0
// A program of commands as data: its global options, its commands, and the way from a command line to an exit status.
// Help, usage, suggestions and completion read the same tables. Both estiva and cais are one `Program`.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "estiva/base/log.h"
#include "estiva/base/options.h"

namespace estiva {

// What every program understands; a program with more derives from it.
struct GlobalOptions {
  std::string root;  // set by the program before its options are read
  std::string log;
  std::string log_format = "text";
  std::string log_level = "warning";
  bool debug = false;
  bool version = false;
  bool help = false;
};

struct Program;

struct Invocation {
  const Program& program;
  GlobalOptions& global;
  std::vector<std::string> arguments;  // options and operands of the command
  Log& log;
  char* const* argv;  // of the process, for executing it anew
};

struct Command {
  const char* name;
  const char* operands;  // "ID [SIGNAL]"
  const char* summary;
  std::span<const Option> options;
  // The exit code of the process.
  Result<int> (*run)(Invocation& in);
  // An option behind the first operand belongs to what the command starts (`run IMAGE ls -l`).
  bool options_end_at_operand = false;
  const char* examples = "";  // for --help: command lines, each with two blanks before and a newline behind
};

// In --help, above this command and those after it.
struct Heading {
  const Command* first;
  const char* text;
};

// What to do instead of a command that there is not, though other programs have it.
struct Instead {
  const char* word;
  const char* hint;
};

struct Program {
  const char* name;
  const char* summary;
  std::string (*version_lines)();  // below the version; each ends with a newline
  std::span<const Option> options;
  std::span<const Command* const> commands;  // in the order of the help
  int error_status;                          // of the process after an error
  // What may stand for an operand of this name ("ID", "[SIGNAL]"); null: nothing is known.
  Result<std::vector<std::string>> (*candidates)(const GlobalOptions& global, std::string_view operand);
  std::span<const Heading> headings = {};  // the first command has one, if any
  std::span<const Instead> instead = {};
  const char* exit_status = "";  // for --help: lines as `Command::examples`
};

// The rows that stand in every program's table of global options.
namespace global_rows {
using G = GlobalOptions;
inline constexpr Option kLog = options::row<&G::log>(
    0, "log", "FILE", "also write warnings and errors to FILE, journald:NAME or syslog:NAME");
inline constexpr Option kLogFormat =
    options::row<&G::log_format>(0, "log-format", "text|json", "the form of FILE; text if not given");
inline constexpr Option kLogLevel = options::row<&G::log_level>(
    0, "log-level", "error|warning|info|debug", "the least important messages to show; warning if not given");
inline constexpr Option kDebug =
    options::row<&G::debug>(0, "debug", nullptr, "the same as --log-level debug");
inline constexpr Option kVersion = options::row<&G::version>('v', "version", nullptr, "print the version");
inline constexpr Option kHelp = options::row<&G::help>('h', "help", nullptr, "print this text");
}  // namespace global_rows

// The whole of main(): options into `global`, the command, its error printed. Returns the exit status.
int run_program(const Program& program, GlobalOptions& global, int argc, char** argv);

Result<const Command*> find_command(const Program& program, const std::string& name);

// Operands between `least` and `most` in number; the error has the command's usage.
Result<std::vector<std::string>> parse_operands(const Command& command, void* target, const Invocation& in,
                                                size_t least, size_t most);
std::string usage(const Program& program, const Command& command);

// The body of the command `complete`: what may stand in place of the last of the words typed so far.
Result<int> complete_words(const Command& command, Invocation& in);

// Writes all of it to standard output.
Result<void> print(std::string_view text);

}  // namespace estiva
