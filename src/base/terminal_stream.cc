// SPDX-License-Identifier: Apache-2.0
// Reads a terminal's output for what outlives its bytes.
#include "estiva/base/terminal_stream.h"

#include <iterator>

#include "estiva/base/text.h"

namespace estiva {

namespace {

struct Mode {
  unsigned number;
  bool usual;
};
// DEC private modes that a program may forget, or that are on while it is being left.
constexpr Mode kModes[] = {
    {1, false},     // cursor keys send application sequences
    {5, false},     // reverse video
    {6, false},     // origin of the scroll region
    {7, true},      // lines wrap
    {9, false},     // mouse, as X10
    {25, true},     // the cursor is seen
    {1000, false},  // mouse buttons
    {1002, false},  // mouse drags
    {1003, false},  // mouse moves
    {1004, false},  // focus
    {1005, false},  // mouse positions in UTF-8
    {1006, false},  // mouse positions in decimal
    {1007, false},  // the wheel sends cursor keys
    {1015, false},  // mouse positions as urxvt
    {2004, false},  // bracketed paste
    {2026, false},  // the screen waits for the end of an update
};

constexpr char kEscape = '\x1b', kBell = '\a', kCancel = '\x18', kSubstitute = '\x1a';

std::string private_mode(unsigned number, bool on) { return text::cat("\x1b[?", number, on ? 'h' : 'l'); }

bool is_alternate(unsigned number) { return number == 47 || number == 1047 || number == 1049; }

}  // namespace

TerminalStream::Step TerminalStream::read(std::string_view bytes) {
  static_assert(std::size(kModes) == kModeCount);
  for (size_t i = 0; i < bytes.size(); ++i) {
    const Event event = read_byte(bytes[i]);
    if (event != Event::kNone) return {i + 1, event};
  }
  return {bytes.size(), Event::kNone};
}

TerminalStream::Event TerminalStream::read_byte(char byte) {
  if (byte == kCancel || byte == kSubstitute) {
    state_ = State::kText;
    return Event::kNone;
  }
  if (byte == kEscape) {
    state_ = state_ == State::kString ? State::kStringEscape : State::kEscape;
    return Event::kNone;
  }
  switch (state_) {
    case State::kText:
      return read_text(byte);
    case State::kStringEscape:
    case State::kEscape:
      return read_escape(byte);
    case State::kCharset:
      charset_ = byte != 'B';
      state_ = State::kText;
      return Event::kNone;
    case State::kSequence:
      return read_sequence(byte);
    case State::kString:
      if (byte == kBell) state_ = State::kText;
      return Event::kNone;
  }
  return Event::kNone;
}

TerminalStream::Event TerminalStream::read_text(char byte) {
  at_home_ = false;
  if (byte == '\x0e') shifted_ = true;
  if (byte == '\x0f') shifted_ = false;
  return Event::kNone;
}

TerminalStream::Event TerminalStream::read_escape(char byte) {
  state_ = State::kText;
  switch (byte) {
    case '[':
      state_ = State::kSequence;
      size_ = 0;
      too_long_ = false;
      return Event::kNone;
    case ']':
    case 'P':
    case 'X':
    case '^':
    case '_':
      state_ = State::kString;
      return Event::kNone;
    case '(':
      state_ = State::kCharset;
      return Event::kNone;
    case '=':
    case '>':
      keypad_ = byte == '=';
      return Event::kNone;
    case 'c':
      return hard_reset();
    default:
      at_home_ = false;
      return Event::kNone;
  }
}

TerminalStream::Event TerminalStream::read_sequence(char byte) {
  if (byte >= 0x40 && byte <= 0x7e) {
    state_ = State::kText;
    return too_long_ ? Event::kNone : end_sequence(byte);
  }
  if (byte < 0x20 || byte > 0x3f) return Event::kNone;  // a control character amid a sequence acts by itself
  if (size_ < sizeof parameters_) {
    parameters_[size_++] = byte;
  } else {
    too_long_ = true;
  }
  return Event::kNone;
}

TerminalStream::Event TerminalStream::end_sequence(char final) {
  const std::string_view given(parameters_, size_);
  const bool was_home = at_home_;
  at_home_ =
      (final == 'H' || final == 'f') && (given.empty() || given == "1;1" || given == "1" || given == ";");
  if (given.starts_with('?')) {
    const bool sets = final == 'h' || final == 'l';
    return sets ? set_private_modes(given.substr(1), final == 'h') : Event::kNone;
  }
  switch (final) {
    case 'J':
      return given == "2" || (was_home && (given.empty() || given == "0")) ? Event::kClear : Event::kNone;
    case 'm':
      if (given.starts_with(">4")) {
        other_keys_ = given.starts_with(">4;") && given != ">4;" && given != ">4;0";
      } else if (given.find_first_of("<=>") == given.npos) {
        coloured_ = !given.empty() && given != "0" && !given.ends_with(";0");
      }
      break;
    case 'r':
      region_ = !given.empty();
      break;
    case 'q':
      if (given.ends_with(' ')) cursor_style_ = given != " " && given != "0 ";
      break;
    case 'h':
    case 'l':
      if (given == "4") insert_ = final == 'h';
      break;
    case 'p':
      if (given == "!") return soft_reset();
      break;
  }
  return Event::kNone;
}

TerminalStream::Event TerminalStream::set_private_modes(std::string_view numbers, bool on) {
  Event event = Event::kNone;
  for (const std::string& each : text::split(numbers, ';')) {
    const unsigned number = text::number<unsigned>(each).value_or(0);
    for (size_t i = 0; i < kModeCount; ++i)
      if (kModes[i].number == number) changed_[i] = on != kModes[i].usual;
    if (!is_alternate(number) || on == (alternate_ != 0)) continue;
    alternate_ = on ? number : 0;
    event = on ? Event::kEnterAlternate : Event::kLeaveAlternate;
  }
  return event;
}

TerminalStream::Event TerminalStream::soft_reset() {
  changed_.reset();
  keypad_ = coloured_ = region_ = charset_ = shifted_ = cursor_style_ = insert_ = false;
  return Event::kNone;
}

TerminalStream::Event TerminalStream::hard_reset() {
  soft_reset();
  other_keys_ = false;
  alternate_ = 0;
  return Event::kClear;
}

std::string TerminalStream::modes() const {
  std::string out;
  for (size_t i = 0; i < kModeCount; ++i)
    if (changed_[i]) out += private_mode(kModes[i].number, !kModes[i].usual);
  if (keypad_) out += "\x1b=";
  return out;
}

std::string TerminalStream::undo() const {
  std::string out;
  for (size_t i = 0; i < kModeCount; ++i)
    if (changed_[i]) out += private_mode(kModes[i].number, kModes[i].usual);
  if (keypad_) out += "\x1b>";
  if (charset_) out += "\x1b(B";
  if (shifted_) out += '\x0f';
  if (insert_) out += "\x1b[4l";
  if (region_)
    out +=
        "\x1b"
        "7\x1b[r\x1b"
        "8";  // it moves the cursor
  if (coloured_) out += "\x1b[m";
  if (cursor_style_) out += "\x1b[ q";
  if (other_keys_) out += "\x1b[>4m";
  // Last: leaving restores the cursor of the main screen.
  if (alternate_ != 0) out += private_mode(alternate_, false);
  return out;
}

}  // namespace estiva
