// SPDX-License-Identifier: Apache-2.0
// Of a program of commands: what its help shows, and what its errors say to do.
#include "estiva/base/program.h"

#include <gtest/gtest.h>

namespace estiva {
namespace {

struct Given {
  bool force = false;
};
constexpr Option kRows[] = {options::row<&Given::force>('f', "force", nullptr, "at any price")};

extern const Command kMake, kShow, kHidden;
Result<int> do_make(Invocation& in) {
  Given given;
  TRY(parse_operands(kMake, &given, in, 1, 1));
  return 0;
}
Result<int> do_nothing(Invocation&) { return 0; }
const Command kMake = {"make", "ID", "make a thing", kRows, do_make, false, "  sample make --force one\n"};
const Command kShow = {"show", "", "show things", {}, do_nothing};
const Command kHidden = {"_hidden", "", "of our own", {}, do_nothing};

const Command* const kCommands[] = {&kMake, &kShow, &kHidden};
constexpr Heading kHeadings[] = {{&kMake, "Makers"}, {&kShow, "Lookers"}};
constexpr Instead kInstead[] = {{"build", "make is the word here"}};
constexpr Option kGlobalRows[] = {
    options::row<&GlobalOptions::root>(0, "root", "DIR", "where things are"),
    global_rows::kHelp,
};
std::string no_lines() { return ""; }
const Program kSample = {"sample", "A sample.", no_lines,  kGlobalRows, kCommands,
                         7,        nullptr,     kHeadings, kInstead,    "  0, or 7\n"};

// What is written to standard output and to standard error, and the exit status.
struct Said {
  std::string out, errors;
  int status = 0;
};
Said say(std::vector<std::string> words) {
  std::vector<char*> argv;
  words.insert(words.begin(), "sample");
  for (std::string& word : words) argv.push_back(word.data());
  GlobalOptions global;
  Said said;
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  said.status = run_program(kSample, global, static_cast<int>(argv.size()), argv.data());
  said.errors = testing::internal::GetCapturedStderr();
  said.out = testing::internal::GetCapturedStdout();
  return said;
}

TEST(Program, HelpHasCommandsUnderTheirHeadings) {
  EXPECT_EQ(
      say({"--help"}).out,
      "usage: sample [OPTION...] COMMAND [ARGUMENT...]\n\nA sample.\n\n"
      "Makers:\n  make      make a thing\n\n"
      "Lookers:\n  show      show things\n\n"
      "Options:\n      --root DIR              where things are\n"
      "  -h, --help                  print this text\n\n"
      "Exit status:\n  0, or 7\n\n"
      "\"sample COMMAND --help\" shows the options of a command, \"man sample-COMMAND\" explains them.\n");
}

TEST(Program, HelpOfACommandHasOptionsAndExamples) {
  EXPECT_EQ(say({"make", "--help"}).out,
            "usage: sample make [OPTION...] ID\n\nmake a thing\n\n"
            "Options:\n  -f, --force                 at any price\n\n"
            "Examples:\n  sample make --force one\n");
  EXPECT_EQ(say({"help", "show"}).out, "usage: sample show\n\nshow things\n");
}

TEST(Program, ErrorsSayWhatToDo) {
  const struct {
    std::vector<std::string> words;
    const char* hint;
  } cases[] = {
      {{"mkae"}, "did you mean make?"},
      {{"build", "."}, "make is the word here"},
      {{"explode"}, "sample --help lists the commands"},
      {{"--frobnicate", "make"}, "sample --help lists the global options; those of a command stand after it"},
      {{"make", "--root", "/x", "one"}, "--root stands before the command: sample --root ... make"},
      {{"make", "--frobnicate", "one"}, "sample make --help lists the options"},
      {{"make", "--forse", "one"}, "did you mean --force?"},
      {{"make"}, "usage: sample make [OPTION...] ID"},
  };
  for (const auto& c : cases) {
    const Said said = say(c.words);
    EXPECT_EQ(said.status, 7);
    EXPECT_NE(said.errors.find(c.hint), std::string::npos) << said.errors;
  }
}

}  // namespace
}  // namespace estiva
