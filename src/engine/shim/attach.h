// SPDX-License-Identifier: Apache-2.0
// Our terminal, or our pipes, as those of a container: raw mode that is always put back, window size, detach keys,
// signals passed on.
#pragma once

#include <functional>
#include <string>

#include "engine/shim/connection.h"
#include "engine/shim/detach_keys.h"

namespace estiva::engine {

struct AttachOptions {
  bool input = false;     // ours is the container's
  bool terminal = false;  // the container's is one
  bool pass_signals = true;
  DetachKeys keys;
  std::function<void()> on_output;  // before each piece of the container's output
};

struct Attached {
  enum class End { kExited, kDetached, kLost } end = End::kLost;
  shim::Exit exit = {};
};

// Rows and columns of our terminal; 0 without one.
shim::Size terminal_size();
// Standard input is a terminal, or the error that says what to do without one.
Result<void> check_terminal(bool wanted);

// Up to the container's end or the detach keys. A signal that ends us puts the terminal back first.
Result<Attached> attach(const ShimConnection& connection, AttachOptions options);

}  // namespace estiva::engine
