// SPDX-License-Identifier: Apache-2.0
// What a stream of terminal output leaves behind on a screen beside its text: full clears, the alternate screen, modes
// that stay on. The sequences are those of ECMA-48 and xterm (ctlseqs). It reads; it never changes a byte.
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace estiva {

class TerminalStream {
 public:
  enum class Event : uint8_t {
    kNone,
    kClear,           // the whole screen is empty now
    kEnterAlternate,  // the main screen is kept aside by the terminal ...
    kLeaveAlternate,  // ... and shown again
  };
  struct Step {
    size_t consumed;
    Event event;
  };

  // Reads up to the end of the next sequence that is an event, or all of `bytes`. A sequence may come in parts.
  Step read(std::string_view bytes);

  // The private mode that switched to the alternate screen, 0 on the main one.
  unsigned alternate() const { return alternate_; }
  // Brings a terminal in its usual modes to those of this stream; not to the alternate screen.
  std::string modes() const;
  // Brings a terminal back from whatever this stream did to it, the alternate screen included.
  std::string undo() const;

 private:
  static constexpr size_t kModeCount = 16;
  enum class State : uint8_t { kText, kEscape, kCharset, kSequence, kString, kStringEscape };

  Event read_byte(char byte);
  Event read_text(char byte);
  Event read_escape(char byte);
  Event read_sequence(char byte);
  Event end_sequence(char final);
  Event set_private_modes(std::string_view numbers, bool on);
  Event soft_reset();
  Event hard_reset();

  State state_ = State::kText;
  bool at_home_ = false;  // nothing came since the cursor went to the upper left corner
  bool too_long_ = false;
  char parameters_[32];  // of the sequence that is being read
  size_t size_ = 0;

  unsigned alternate_ = 0;
  std::bitset<kModeCount> changed_;  // modes that are not as they usually are
  bool keypad_ = false, coloured_ = false, region_ = false, charset_ = false, shifted_ = false,
       cursor_style_ = false, other_keys_ = false, insert_ = false;
};

}  // namespace estiva
