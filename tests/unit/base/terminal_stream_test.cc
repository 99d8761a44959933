// SPDX-License-Identifier: Apache-2.0
// What terminal output leaves behind: clears, the alternate screen, modes; whole, and cut at every byte.
#include "estiva/base/terminal_stream.h"

#include <gtest/gtest.h>

#include <vector>

namespace estiva {
namespace {

using Event = TerminalStream::Event;

std::vector<Event> events(TerminalStream& stream, std::string_view bytes) {
  std::vector<Event> out;
  while (!bytes.empty()) {
    const TerminalStream::Step step = stream.read(bytes);
    bytes.remove_prefix(step.consumed);
    if (step.event != Event::kNone) out.push_back(step.event);
  }
  return out;
}

TEST(TerminalStream, EventsAreSeenWholeAndInParts) {
  const struct {
    std::string_view bytes;
    std::vector<Event> events;
  } cases[] = {
      {"plain text\r\n", {}},
      {"a\x1b[2Jb", {Event::kClear}},
      {"\x1b[H\x1b[J", {Event::kClear}},
      {"\x1b[Hx\x1b[J", {}},  // not all of the screen
      {"\x1b[J", {}},         // from wherever the cursor is
      {"\x1b"
       "c",
       {Event::kClear}},  // reset
      {"\x1b[?1049hvim\x1b[?1049l", {Event::kEnterAlternate, Event::kLeaveAlternate}},
      {"\x1b[?25;1047h\x1b[?1047l", {Event::kEnterAlternate, Event::kLeaveAlternate}},
      {"\x1b[?1049h\x1b[?1049h", {Event::kEnterAlternate}},
      {"\x1b]0;[2J is text here\a", {}},
      {"\x1b[2\x18J", {}},  // cancelled
  };
  for (const auto& c : cases) {
    TerminalStream whole, parts;
    EXPECT_EQ(events(whole, c.bytes), c.events) << c.bytes;
    std::vector<Event> got;
    for (const char& byte : c.bytes)
      for (const Event event : events(parts, {&byte, 1})) got.push_back(event);
    EXPECT_EQ(got, c.events) << c.bytes;
    EXPECT_EQ(parts.undo(), whole.undo()) << c.bytes;
  }
}

TEST(TerminalStream, UndoTakesBackWhatIsLeftOn) {
  TerminalStream stream;
  events(stream, "\x1b[?25l\x1b[?2004h\x1b[31m\x1b[?1049h");
  EXPECT_EQ(stream.alternate(), 1049u);
  EXPECT_EQ(stream.modes(), "\x1b[?25l\x1b[?2004h");
  EXPECT_EQ(stream.undo(), "\x1b[?25h\x1b[?2004l\x1b[m\x1b[?1049l");
  events(stream, "\x1b[?1049l\x1b[0m\x1b[?2004l\x1b[?25h");
  EXPECT_EQ(stream.undo(), "");
}

TEST(TerminalStream, UsualModesNeedNothing) {
  TerminalStream stream;
  events(stream, "text \x1b[?7h\x1b[?1l\x1b[m\x1b(B");
  EXPECT_EQ(stream.modes() + stream.undo(), "");
}

TEST(TerminalStream, ASequenceWithoutAnEndDoesNoHarm) {
  TerminalStream stream;
  EXPECT_TRUE(events(stream, "\x1b[" + std::string(1000, '1') + "J").empty());
  EXPECT_EQ(events(stream, "\x1b[2J"), std::vector<Event>{Event::kClear});
}

}  // namespace
}  // namespace estiva
