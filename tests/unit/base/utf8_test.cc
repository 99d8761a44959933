// SPDX-License-Identifier: Apache-2.0
// What is shown on a terminal, and what is escaped.
#include "estiva/base/utf8.h"

#include <gtest/gtest.h>

namespace estiva {
namespace {

TEST(Utf8, WhatMayBeShownStays) {
  for (const char* text : {"", "plain", "\u00e9t\u00e9", "\u6587\u5b57", "\U0001f6a2"})
    EXPECT_EQ(utf8::printable(text), text);
}

TEST(Utf8, ControlCharactersAndWhatIsNoUtf8AreEscaped) {
  EXPECT_EQ(utf8::printable("a\x1b[31m"), "a\\x1b[31m");
  EXPECT_EQ(utf8::printable("\x7f"), "\\x7f");
  EXPECT_EQ(utf8::printable("\u009b"), "\\xc2\\x9b");                      // a terminal's CSI
  EXPECT_EQ(utf8::printable("\xc0\xaf"), "\\xc0\\xaf");                    // overlong
  EXPECT_EQ(utf8::printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");           // a surrogate
  EXPECT_EQ(utf8::printable("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");  // above U+10FFFF
  EXPECT_EQ(utf8::printable("x\xe6\x96"), "x\\xe6\\x96");                  // cut off
}

}  // namespace
}  // namespace estiva
