// SPDX-License-Identifier: Apache-2.0
// The keys that leave a container: in one read, in several, and what only begins like them.
#include "engine/shim/detach_keys.h"

#include <gtest/gtest.h>

namespace estiva::engine {
namespace {

DetachKeys keys(const std::string& text = kDefaultDetachKeys) {
  Result<DetachKeys> parsed = DetachKeys::parse(text);
  EXPECT_TRUE(parsed.ok());
  return std::move(parsed).value();
}

TEST(DetachKeys, LeaveWhenBothComeTogetherOrApart) {
  DetachKeys together = keys();
  const DetachKeys::Typed typed = together.type("ls\x10\x11more");
  EXPECT_TRUE(typed.detach);
  EXPECT_EQ(typed.pass, "ls");
  DetachKeys apart = keys();
  EXPECT_EQ(apart.type("\x10").pass, "");
  EXPECT_TRUE(apart.holds());
  EXPECT_TRUE(apart.type("\x11").detach);
}

TEST(DetachKeys, ALoneFirstKeyReachesTheContainer) {
  DetachKeys typed = keys();
  EXPECT_EQ(typed.type("\x10").pass, "");
  EXPECT_EQ(typed.type("a").pass,
            "\x10"
            "a");
  EXPECT_FALSE(typed.holds());
  EXPECT_EQ(typed.type("\x10\x10").pass, "\x10");
  EXPECT_EQ(typed.release(), "\x10");
  EXPECT_FALSE(typed.type("\x11").detach);
}

TEST(DetachKeys, OthersAndNone) {
  EXPECT_TRUE(keys("ctrl-a,d")
                  .type("\x01"
                        "d")
                  .detach);
  EXPECT_TRUE(keys("q").type("q").detach);
  EXPECT_EQ(keys("").type("\x10\x11").pass, "\x10\x11");
  for (const char* bad : {"ctrl-", "ctrl-P1", "ab", "a,,b"}) EXPECT_FALSE(DetachKeys::parse(bad).ok()) << bad;
}

}  // namespace
}  // namespace estiva::engine
