// SPDX-License-Identifier: Apache-2.0
// The one line of an error, the chain that layers extend, and TRY.
#include "estiva/base/error.h"

#include <errno.h>
#include <gtest/gtest.h>

#include "estiva/base/undo.h"

namespace estiva {
namespace {

TEST(Error, IsOneLineFromTheOutsideIn) {
  const struct {
    Error error;
    const char* line;
  } cases[] = {
      {Error(Code::kState, "is running"), "is running"},
      {Error::system("openat", ENOENT), "openat: No such file or directory"},
      {Error::system("openat", 99999), "openat: unknown error"},
      {Error::system("", EIO), "Input/output error"},
      {Error::invalid("/process/cwd", "is relative"), "/process/cwd: is relative"},
      {Error::system("mount", EPERM).context("proc").context("mounts").object("/mounts/0"),
       "/mounts/0: mounts: proc: mount: Operation not permitted"},
      {Error(Code::kInvalid, "no").hint("say yes"), "no (say yes)"},
      {Error::system("clone3", ENOSPC).message("too many namespaces").hint("raise the limit").stage("create"),
       "too many namespaces: clone3: No space left on device (raise the limit)"},
  };
  for (const auto& c : cases) EXPECT_EQ(c.error.to_string(), c.line);
}

TEST(Error, KeepsTheFirstStage) {
  EXPECT_EQ(Error(Code::kState, "x").stage("init: mounts").stage("create").parts().stage, "init: mounts");
}

TEST(Error, PartsMakeTheSameErrorAgain) {
  const Error error = Error::system("mount", EPERM).context("proc").hint("h").stage("s").object("/o");
  const Error again = Error::from_parts(error.parts());
  EXPECT_EQ(again.to_string(), error.to_string());
  EXPECT_EQ(again.code(), Code::kSystem);
  EXPECT_EQ(again.errnum(), EPERM);
  EXPECT_EQ(again.parts().stage, "s");
}

TEST(Result, AsksForTheNounOfAnErrorOnly) {
  int asked = 0;
  const auto noun = [&] { return ++asked, "noun"; };
  EXPECT_EQ(Result<int>(7).context(noun).value(), 7);
  EXPECT_TRUE(Result<void>().context(noun).ok());
  EXPECT_EQ(asked, 0);
  EXPECT_EQ(Result<int>(Error(Code::kState, "no")).context(noun).error().to_string(), "noun: no");
  EXPECT_EQ(Result<void>(Error(Code::kState, "no")).context(noun).error().to_string(), "noun: no");
  EXPECT_EQ(asked, 2);
}

Result<int> half(int number) {
  if (number % 2 != 0) return Error(Code::kInvalid, "odd");
  return number / 2;
}
Result<int> quarter(int number) { return TRY(half(TRY(half(number)))); }

TEST(Result, TryGivesTheValueOrLeaves) {
  EXPECT_EQ(quarter(8).value(), 2);
  EXPECT_EQ(quarter(6).error().to_string(), "odd");
  EXPECT_EQ(quarter(5).error().to_string(), "odd");
}

Result<void> leave_with(int& undone, bool fail) {
  Undo undo([&] { ++undone; });
  if (fail) TRY(half(1));
  undo.dismiss();
  return {};
}

TEST(Undo, RunsUnlessDismissedAndOnlyOnce) {
  int undone = 0;
  EXPECT_TRUE(leave_with(undone, false).ok());
  EXPECT_EQ(undone, 0);
  EXPECT_FALSE(leave_with(undone, true).ok());
  EXPECT_EQ(undone, 1);
  {
    Undo undo([&] { ++undone; });
    undo.run();
    EXPECT_EQ(undone, 2);
    undo.run();
  }
  EXPECT_EQ(undone, 2);
}

TEST(Undo, RunsTheLastStepFirst) {
  std::string order;
  {
    const Undo first([&] { order += '1'; });
    const Undo second([&] { order += '2'; });
  }
  EXPECT_EQ(order, "21");
}

}  // namespace
}  // namespace estiva
