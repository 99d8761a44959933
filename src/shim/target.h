// SPDX-License-Identifier: Apache-2.0
// A process and our ends of its standard streams: the container's, or that of an exec session. Runs in cais-shim.
#pragma once

#include <signal.h>

#include <optional>
#include <string>

#include "estiva/base/error.h"
#include "estiva/base/fd.h"
#include "estiva/base/process.h"
#include "estiva/shim_records.h"
#include "shim/replay.h"

namespace estiva::shim {

struct Target {
  pid_t pid = 0;
  bool is_container = false;
  bool terminal = false;
  Input policy = Input::kNone;
  Fd input, output, errors;  // of a terminal: the master is `output`
  Fd slave;                  // of a terminal
  std::string typed;         // input that the process has not taken yet
  bool input_ending = false;
  Replay replay;
  std::optional<siginfo_t> ended;
  bool done = false;  // its clients know

  FdView sink() const { return terminal ? output : input; }
  // Its processes may all close the terminal and open it again: without our own slave reads would fail from then on.
  Result<void> take_terminal(Fd master);
  // As much of `typed` as it takes now.
  void feed();
  void set_size(uint16_t rows, uint16_t columns) const;
};

// The ends that the process gets; they are closed once it has them.
struct TargetEnds {
  Fd input, output, errors;
  process::Streams streams() const { return {input, output, errors}; }
};
// Pipes, or /dev/null for an input that nobody gives.
Result<TargetEnds> open_pipes(Target& target);

}  // namespace estiva::shim
