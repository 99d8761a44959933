// SPDX-License-Identifier: Apache-2.0
// A command as data: its words, its options, its body. The table in main.cc has them all.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "estiva/base/log.h"
#include "estiva/base/options.h"

namespace estiva {

struct GlobalOptions {
  std::string root = "/run/estiva";
  std::string log;
  std::string log_format = "text";
  bool debug = false;
  bool version = false;
  bool help = false;
};

struct Invocation {
  const GlobalOptions& global;
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
};

extern const Command kCreate, kStart, kRun, kState, kKill, kDelete, kList, kSpec, kFeatures, kPlan, kComplete,
    kPs, kPause, kResume;

// All there are, in the order of the help.
std::span<const Command* const> commands();
std::span<const Option> global_options();
Result<const Command*> find_command(const std::string& name);

// Operands between `least` and `most` in number; the error has the command's usage.
Result<std::vector<std::string>> parse_operands(const Command& command, void* target, const Invocation& in,
                                                size_t least, size_t most);
std::string usage(const Command& command);

// Writes all of it to standard output.
Result<void> print(std::string_view text);

}  // namespace estiva
