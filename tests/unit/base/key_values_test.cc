// SPDX-License-Identifier: Apache-2.0
// Lines of key=value: both ways from the same rows, and what must be refused.
#include "estiva/base/key_values.h"

#include <gtest/gtest.h>

#include <string_view>

namespace estiva {
namespace {

enum class Colour : uint8_t { kRed, kBlue };
std::span<const std::string_view> key_names(Colour) {
  static constexpr std::string_view kNames[] = {"red", "blue"};
  return kNames;
}

struct Sample {
  std::string name;
  std::vector<std::string> words;
  bool set = false;
  uint16_t size = 0;
  Colour colour = Colour::kRed;
  bool operator==(const Sample&) const = default;
};
constexpr Key kKeys[] = {
    key_values::row<&Sample::name>("name"),     key_values::row<&Sample::words>("word"),
    key_values::row<&Sample::set>("set"),       key_values::row<&Sample::size>("size"),
    key_values::row<&Sample::colour>("colour"),
};

Result<Sample> parse(std::string_view text, key_values::Unknown unknown = key_values::Unknown::kRefuse) {
  Sample out;
  TRY(key_values::parse(kKeys, &out, text, unknown));
  return out;
}

TEST(KeyValues, WhatIsWrittenIsReadAgain) {
  const Sample sample{"a=b c", {"one", "", "-x= y"}, true, 65535, Colour::kBlue};
  const Result<std::string> text = key_values::write(kKeys, &sample);
  ASSERT_TRUE(text.ok());
  EXPECT_EQ(text.value(), "name=a=b c\nword=one\nword=\nword=-x= y\nset=yes\nsize=65535\ncolour=blue\n");
  EXPECT_EQ(parse(text.value()).value(), sample);
}

TEST(KeyValues, AnEmptyTextIsLeftOutAndAbsent) {
  const Sample sample;
  EXPECT_EQ(key_values::write(kKeys, &sample).value(), "set=no\nsize=0\ncolour=red\n");
  EXPECT_EQ(parse("").value(), sample);
}

TEST(KeyValues, RefusalsNameLineAndKey) {
  const struct {
    std::string_view text, error;
  } cases[] = {
      {"name", "line 1: has no end"},
      {"name\n", "line 1: is not key=value"},
      {"=x\n", "line 1: is not key=value"},
      {"set=yes\nother=1\n", "line 2: unknown key \"other\""},
      {"name=a\nname=b\n", "line 2: name is given twice"},
      {"size=65536\n", "line 1: size: takes a number, not \"65536\""},
      {"set=true\n", "line 1: set: takes yes or no"},
      {"colour=green\n", "line 1: colour: does not take \"green\""},
      {std::string_view("name=a\0b\n", 9), "has a NUL byte"},
  };
  for (const auto& c : cases) {
    const Result<Sample> got = parse(c.text);
    ASSERT_FALSE(got.ok()) << c.text;
    EXPECT_EQ(got.error().to_string(), c.error);
  }
}

TEST(KeyValues, ANewerFileIsReadAsFarAsItIsKnown) {
  EXPECT_EQ(parse("other=1\nname=a\n", key_values::Unknown::kIgnore).value().name, "a");
}

TEST(KeyValues, WhatBreaksALineIsNotWritten) {
  for (const std::string& bad : {std::string("a\nb"), std::string("a\0b", 3)}) {
    const Sample sample{.name = "x", .words = {bad}};
    const Result<std::string> text = key_values::write(kKeys, &sample);
    ASSERT_FALSE(text.ok());
    EXPECT_EQ(text.error().parts().object, "word");
  }
}

}  // namespace
}  // namespace estiva
