// SPDX-License-Identifier: Apache-2.0
// Runs a program and waits for it: hooks, on either side of the container's border.
#pragma once

#include <signal.h>

#include <optional>
#include <string>
#include <vector>

#include "estiva/base/error.h"
#include "estiva/base/fd.h"

namespace estiva::process {

struct Command {
  std::string path;               // absolute
  std::vector<std::string> args;  // with argv[0]
  std::vector<std::string> env;
  std::string input;                 // its standard input
  std::string directory;             // working directory; empty: ours
  std::optional<int64_t> timeout_s;  // killed by then
  bool errors_apart = false;         // its standard error is ours, not part of its output
  FdView output = FdView::of_number(-1),
         error_output = FdView::of_number(-1);  // invalid: kept for the error's text
  bool own_session = false;                     // of spawn(): no signal of our terminal reaches it
  FdView lock = FdView::of_number(-1);  // the program holds it too: beyond our end, if it goes on then
};

struct Streams {
  FdView in, out, err;  // not valid: ours
};
// Only starts it, with no signal blocked; `input`, `timeout_s` and `errors_apart` mean nothing here.
Result<pid_t> spawn(const Command& command, const Streams& streams);

// An error when the program can't be run, ends with a status other than 0, by a signal, or not in time; the text
// has the last lines that it wrote.
Result<void> run(const Command& command);

// The same; what it wrote to standard output and error.
Result<std::string> capture(const Command& command);

// "exit status 3", "killed by SIGSEGV".
std::string describe(const siginfo_t& ended);
// What a shell would call it: the status, or 128 and the signal.
int exit_code(const siginfo_t& ended);

}  // namespace estiva::process
