// SPDX-License-Identifier: Apache-2.0
// Keeping what a terminal shows.
#include "shim/replay.h"

#include "estiva/base/text.h"
#include "estiva/shim_protocol.h"

namespace estiva::shim {

namespace {

// The modes and the switch to the alternate screen come on top.
constexpr size_t kMost = kMaxReplay - 512, kLeast = kMost * 3 / 4;

}  // namespace

void Replay::keep(std::string& screen, std::string_view output) {
  screen += output;
  if (screen.size() <= kMost) return;
  // From the beginning of a line: not amid a sequence.
  const size_t line = screen.find('\n', screen.size() - kLeast);
  screen.erase(0, line == screen.npos ? screen.size() - kLeast : line + 1);
}

void Replay::add(std::string_view output) {
  while (!output.empty()) {
    const bool alternate = stream_.alternate() != 0;
    const TerminalStream::Step step = stream_.read(output);
    keep(alternate ? alternate_ : main_, output.substr(0, step.consumed));
    output.remove_prefix(step.consumed);
    if (step.event == TerminalStream::Event::kClear) (alternate ? alternate_ : main_).clear();
    if (step.event == TerminalStream::Event::kLeaveAlternate) std::string().swap(alternate_);
  }
}

std::string Replay::text() const {
  if (stream_.alternate() == 0) return main_ + stream_.modes();
  // The switch itself is the end of `main_`.
  const size_t room = kMost - std::min(alternate_.size(), kMost);
  const std::string_view main(main_);
  const std::string_view shown = main.size() > room ? main.substr(main.size() - room) : main;
  const std::string enter = text::cat("\x1b[?", stream_.alternate(), "h");
  return text::cat(shown, enter, alternate_, stream_.modes());
}

}  // namespace estiva::shim
