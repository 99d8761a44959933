// SPDX-License-Identifier: Apache-2.0
// Text tools at their edges: numbers that must be refused, hostile bytes in quotes.
#include "estiva/base/text.h"

#include <gtest/gtest.h>

namespace estiva {
namespace {

TEST(Text, SplitKeepsEmptyPartsAndJoinTurnsItBack) {
  const struct {
    std::string text;
    std::vector<std::string> parts;
  } cases[] = {{"", {""}}, {"a", {"a"}}, {"a,b", {"a", "b"}}, {",a,,", {"", "a", "", ""}}};
  for (const auto& c : cases) {
    EXPECT_EQ(text::split(c.text, ','), c.parts) << c.text;
    EXPECT_EQ(text::join(c.parts, ","), c.text);
  }
}

TEST(Text, TrimTakesBlanksOfBothEnds) {
  EXPECT_EQ(text::trim(" \t a b\r\n"), "a b");
  EXPECT_EQ(text::trim(" \n"), "");
  EXPECT_EQ(text::trim("a"), "a");
}

TEST(Text, NumberIsTheWholeTextInRange) {
  for (const char* wrong : {"", " 1", "1 ", "+1", "0x1", "1a", "-", "256", "-1", "18446744073709551616"})
    EXPECT_FALSE(text::number<uint8_t>(wrong)) << wrong;
  EXPECT_EQ(text::number<uint8_t>("255"), 255);
  EXPECT_EQ(text::number<int8_t>("-128"), -128);
  EXPECT_FALSE(text::number<int8_t>("128"));
  EXPECT_EQ(text::number<uint64_t>("18446744073709551615"), UINT64_MAX);
  EXPECT_EQ(text::number<unsigned>("0644", 8), 0644u);
  EXPECT_FALSE(text::number<unsigned>("0648", 8));
  EXPECT_EQ(text::octal(0644), "644");
}

TEST(Text, QuoteLetsNoByteReachATerminal) {
  EXPECT_EQ(text::quote("plain"), "\"plain\"");
  EXPECT_EQ(text::quote("a\"b\\c"), "\"a\\\"b\\\\c\"");
  EXPECT_EQ(text::quote(std::string_view("\x1b[31m\n\0\x7f", 8)), "\"\\x1b[31m\\x0a\\x00\\x7f\"");
  EXPECT_EQ(text::quote("\xc3\xa9"), "\"\\xc3\\xa9\"");
}

TEST(Text, NearestIsATypingMistakeAway) {
  const std::string_view names[] = {"create", "delete", "state", "start"};
  EXPECT_EQ(text::nearest("crate", names), "create");
  EXPECT_EQ(text::nearest("strart", names), "start");
  EXPECT_EQ(text::nearest("statt", names), "state");  // as near as start: the first
  EXPECT_EQ(text::nearest("explode", names), std::nullopt);
  EXPECT_EQ(text::nearest("create", {}), std::nullopt);
}

TEST(Text, BytesAreWhatUsersWrite) {
  EXPECT_EQ(text::bytes("0"), 0);
  EXPECT_EQ(text::bytes("-1"), -1);
  EXPECT_EQ(text::bytes("512"), 512);
  EXPECT_EQ(text::bytes("512b"), 512);
  EXPECT_EQ(text::bytes("64k"), 65536);
  EXPECT_EQ(text::bytes("64 KiB"), 65536);
  EXPECT_EQ(text::bytes("1.5GB"), 1610612736);
  EXPECT_EQ(text::bytes("2t"), int64_t{2} << 40);
  EXPECT_EQ(text::bytes("8191p"), int64_t{8191} << 50);
  for (const char* wrong : {"", "k", "-2", "1x", "1kk", "1 2", "0x10", "1.k", ".5g", "1.2.3", "8192p",
                            "99999999999999999999", "ib", "1ib"})
    EXPECT_EQ(text::bytes(wrong), std::nullopt) << wrong;
}

TEST(Text, FractionsAreThoseOfJson) {
  EXPECT_EQ(text::fraction("0.05"), 0.05);
  EXPECT_EQ(text::fraction("-1.5E-300"), -1.5e-300);
  EXPECT_EQ(text::fraction("12"), 12);
  EXPECT_EQ(text::fraction("4.9e-324"), 4.9e-324);
  for (const char* wrong :
       {"", " 1", "1 ", "0x10", "inf", "nan", "1e999", "1e-999", "1,5", "1.5.2", "e", "-"})
    EXPECT_EQ(text::fraction(wrong), std::nullopt) << wrong;
}

TEST(Text, FractionsReadBackAsTheyWere) {
  EXPECT_EQ(text::fraction(0.1), "0.1");
  EXPECT_EQ(text::fraction(99.99), "99.99");
  EXPECT_EQ(text::fraction(3.0), "3");
  for (const double value :
       {1.0 / 3, 2.2250738585072014e-308, 1.7976931348623157e308, 0.1 + 0.2, -123456789.125})
    EXPECT_EQ(text::fraction(text::fraction(value)), value);
}

TEST(Text, CatTakesTextsCharactersAndNumbers) {
  EXPECT_EQ(text::cat("a", 'b', std::string("c"), -1, uint64_t{1} << 63), "abc-19223372036854775808");
}

}  // namespace
}  // namespace estiva
