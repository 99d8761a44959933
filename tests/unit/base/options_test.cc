// SPDX-License-Identifier: Apache-2.0
// Command lines as tables: each way to write an option, and each way to write it wrongly.
#include "estiva/base/options.h"

#include <gtest/gtest.h>

namespace estiva {
namespace {

struct Target {
  std::string dir;
  std::string format = "text";
  unsigned count = 0;
  bool force = false;
};

constexpr Option kRows[] = {
    options::row<&Target::dir>('d', "dir", "DIR", "a place"),
    options::row<&Target::format>(0, "format", "text|json", "how"),
    options::row<&Target::count>('n', "count", "N", "how many"),
    options::row<&Target::force>('f', "force", nullptr, "at any price"),
};

// "dir format count force: operands", or the error.
std::string parsed(const std::vector<std::string>& words, bool mixed) {
  Target target;
  const Result<std::vector<std::string>> operands = options::parse(kRows, &target, words, mixed);
  if (!operands.ok()) return operands.error().to_string();
  return text::cat(target.dir, " ", target.format, " ", target.count, " ", target.force ? "yes" : "no", ": ",
                   text::join(operands.value(), " "));
}

TEST(Options, AreReadInEveryForm) {
  const struct {
    std::vector<std::string> words;
    const char* expected;
  } cases[] = {
      {{}, " text 0 no: "},
      {{"--dir", "/x", "a"}, "/x text 0 no: a"},
      {{"--dir=/x=y"}, "/x=y text 0 no: "},
      {{"--dir="}, " text 0 no: "},
      {{"-dir", "/x"}, "/x text 0 no: "},
      {{"-d", "/x", "-n7"}, "/x text 7 no: "},
      {{"-d/x", "-f"}, "/x text 0 yes: "},
      {{"--force=true", "--force=false"}, " text 0 no: "},
      {{"--dir", "--force"}, "--force text 0 no: "},
      {{"--format", "json"}, " json 0 no: "},
      {{"a", "--force", "b"}, " text 0 yes: a b"},
      {{"--", "--force", "--"}, " text 0 no: --force --"},
      {{"-"}, " text 0 no: -"},
      {{"--forse"}, "unknown option \"--forse\" (did you mean --force?)"},
      {{"-x"}, "unknown option \"-x\""},
      {{"--dir"}, "option --dir needs a value"},
      {{"--force=yes"}, "option --force: takes true or false"},
      {{"--count", "-1"}, "option --count: takes a number, not \"-1\""},
      {{"--count=4294967296"}, "option --count: takes a number, not \"4294967296\""},
      {{"--format=yaml"}, "option --format: takes text or json, not \"yaml\""},
      {{"--format="}, "option --format: takes text or json, not \"\""},
  };
  for (const auto& c : cases) EXPECT_EQ(parsed(c.words, true), c.expected) << text::join(c.words, " ");
}

TEST(Options, EndAtTheFirstOperandUnlessMixed) {
  EXPECT_EQ(parsed({"-f", "list", "--nothing", "-f"}, false), " text 0 yes: list --nothing -f");
}

TEST(Options, WithoutATargetAreCheckedOnly) {
  const std::vector<std::string> words = {"--force", "--format=json", "a"};
  EXPECT_EQ(options::parse(kRows, nullptr, words, true).value(), std::vector<std::string>{"a"});
  const std::vector<std::string> wrong = {"--format=yaml"};
  EXPECT_FALSE(options::parse(kRows, nullptr, wrong, true).ok());
}

TEST(Options, DescribeHasALineForEach) {
  EXPECT_EQ(options::describe(kRows),
            "Options:\n"
            "  -d, --dir DIR               a place\n"
            "      --format text|json      how\n"
            "  -n, --count N               how many\n"
            "  -f, --force                 at any price\n");
}

TEST(Options, DescribePutsHeadingsAboveTheirOptions) {
  const Option rows[] = {kRows[0], options::under("Limits", kRows[2]), kRows[3]};
  EXPECT_EQ(options::describe(rows),
            "Options:\n"
            "  -d, --dir DIR               a place\n"
            "\n"
            "Limits:\n"
            "  -n, --count N               how many\n"
            "  -f, --force                 at any price\n");
  EXPECT_TRUE(options::describe(std::span(rows).subspan(1)).starts_with("Limits:\n"));
}

TEST(Options, DescribePutsTheTextBelowALongOption) {
  const Option rows[] = {options::row<&Target::format>(0, "format", "a|long|list|of|choices", "how")};
  EXPECT_EQ(options::describe(rows),
            "Options:\n"
            "      --format a|long|list|of|choices\n"
            "                              how\n");
}

TEST(Options, ChoicesAreWhatAnArgumentLists) {
  EXPECT_EQ(options::choices("text|json"), (std::vector<std::string>{"text", "json"}));
  EXPECT_TRUE(options::choices("DIR").empty());
}

}  // namespace
}  // namespace estiva
