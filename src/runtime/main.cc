// SPDX-License-Identifier: Apache-2.0
// Entry of estiva: help, the log, the one place that prints errors.
#include <cxxabi.h>
#include <stdlib.h>

#include <algorithm>

#include "config.h"
#include "estiva/base/text.h"
#include "estiva/spec/spec.h"
#include "runtime/commands/command.h"

namespace estiva {

namespace {

std::string version_text() {
  return text::cat(PACKAGE_NAME, " version ", PACKAGE_VERSION, "\nspec: ", spec::kVersion, "\n");
}

std::string help_text() {
  std::string out =
      "usage: estiva [OPTION...] COMMAND [ARGUMENT...]\n\nAn OCI container runtime.\n\nCommands:\n";
  for (const Command* command : commands()) {
    std::string line = text::cat("  ", command->name);
    line.resize(12, ' ');
    out += text::cat(line, command->summary, "\n");
  }
  return text::cat(out, "\nOptions:\n", options::describe(global_options()),
                   "\n\"estiva COMMAND --help\" says more of a command.\n");
}

std::string command_help(const Command& command) {
  std::string out = text::cat("usage: ", usage(command), "\n\n", command.summary, "\n");
  if (!command.options.empty()) out += text::cat("\nOptions:\n", options::describe(command.options));
  return out;
}

Result<void> set_up_log(const GlobalOptions& global, Log& log) {
  log.set_debug(global.debug);
  log.set_format(global.log_format == "json" ? LogFormat::kJson : LogFormat::kText);
  return global.log.empty() ? Result<void>() : log.open(global.log);
}

Result<int> run(std::span<const std::string> arguments, Log& log, char* const* argv) {
  GlobalOptions global;
  std::vector<std::string> rest = TRY(options::parse(global_options(), &global, arguments, false));
  TRY(set_up_log(global, log));
  if (global.version) {
    TRY(print(version_text()));
    return 0;
  }
  if (global.help || (!rest.empty() && rest[0] == "help")) {
    TRY(print(help_text()));
    return 0;
  }
  if (rest.empty())
    return Error(Code::kInvalid, "no command is given").hint("estiva --help lists the commands");
  const Command& command = *TRY(find_command(rest[0]));
  rest.erase(rest.begin());
  const auto options_end = std::ranges::find(rest, "--");
  if (std::any_of(rest.begin(), options_end,
                  [](const std::string& word) { return word == "--help" || word == "-h"; })) {
    TRY(print(command_help(command)));
    return 0;
  }
  Invocation in{global, std::move(rest), log, argv};
  Result<int> code = command.run(in);
  if (code.ok()) return code;
  return std::move(code).error().stage(command.name);
}

}  // namespace

}  // namespace estiva

// In place of libstdc++'s, which brings a demangler of 0.1 MB to print the name of an exception; nothing here throws.
void __gnu_cxx::__verbose_terminate_handler() { abort(); }

// And these, which would set 73 KiB aside at each start for exceptions that are thrown when memory is short.
void* __cxxabiv1::__cxa_allocate_exception(size_t) noexcept { abort(); }
void __cxxabiv1::__cxa_free_exception(void*) noexcept {}

int main(int argc, char** argv) {
  estiva::Log log("estiva");
  const std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
  const estiva::Result<int> code = estiva::run(arguments, log, argv);
  if (code.ok()) return code.value();
  log.error(code.error());
  return 1;
}
