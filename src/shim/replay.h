// SPDX-License-Identifier: Apache-2.0
// What a terminal shows, for a client that comes later: its output since the last full clear, a limited part of it, the
// alternate screen apart, and the modes that are on. Runs in cais-shim.
#pragma once

#include <string>
#include <string_view>

#include "estiva/base/terminal_stream.h"

namespace estiva::shim {

class Replay {
 public:
  void add(std::string_view output);
  // To be written to a terminal in its usual modes.
  std::string text() const;

 private:
  void keep(std::string& screen, std::string_view output);

  TerminalStream stream_;
  std::string main_, alternate_;
};

}  // namespace estiva::shim
