// SPDX-License-Identifier: Apache-2.0
// Programs that hooks may turn out to be: those that fail, hang, never read, never close.
#include "estiva/base/process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <time.h>

#include "estiva/base/sys.h"
#include "temp_dir.h"

namespace estiva {
namespace {

process::Command shell(const std::string& script) {
  process::Command command;
  command.path = "/bin/sh";
  command.args = {"sh", "-c", script};
  return command;
}

std::string said(const process::Command& command) {
  const Result<void> result = process::run(command);
  return result.ok() ? "" : result.error().to_string();
}

TEST(Process, EndsAreTold) {
  EXPECT_EQ(said(shell("exit 0")), "");
  EXPECT_EQ(said(shell("exit 3")), "/bin/sh: exit status 3");
  EXPECT_EQ(said(shell("echo out; echo err >&2; exit 1")), "/bin/sh: exit status 1, output \"out\\x0aerr\"");
  EXPECT_EQ(said(shell("kill -SEGV $$")), "/bin/sh: killed by SIGSEGV");
  EXPECT_EQ(said({.path = "/no/such/program"}), "/no/such/program: exec: No such file or directory");
}

TEST(Process, KeepsTheEndOfALongOutput) {
  const std::string error =
      said(shell("i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done; exit 1"));
  EXPECT_LT(error.size(), 8192u);
  EXPECT_NE(error.find("line 2999"), std::string::npos);
  EXPECT_EQ(error.find("line 0\\"), std::string::npos);
}

TEST(Process, GetsInputEnvironmentAndDirectory) {
  const TempDir dir;
  process::Command command = shell("echo \"$(cat) $ONE ${HOME-none}\" >out; exec 3<&0; read -r x <&3");
  command.input = "state";
  command.env = {"ONE=1"};
  command.directory = dir.path();
  EXPECT_EQ(said(command), "/bin/sh: exit status 1");  // its input is at the end
  EXPECT_EQ(dir.read("out"), "state 1 none\n");
}

TEST(Process, NeedNotReadItsInput) {
  process::Command command = shell("exit 0");
  command.input = std::string(1 << 20, 'x');
  EXPECT_EQ(said(command), "");
}

TEST(Process, IsKilledAtItsTimeout) {
  process::Command command = shell("exec sleep 100");
  command.timeout_s = 1;
  EXPECT_EQ(said(command), "/bin/sh did not end in 1 s, killed");
}

TEST(Process, ATimeoutMayBeAsLongAsTheDocumentCanSay) {
  process::Command command = shell("sleep 0.2");
  command.timeout_s = INT64_MAX;
  EXPECT_EQ(said(command), "");
}

TEST(Process, IsKilledAtItsTimeoutHoweverMuchItWrites) {
  process::Command command = shell("while :; do echo more; done");
  command.timeout_s = 1;
  EXPECT_EQ(said(command), "/bin/sh did not end in 1 s, killed");
}

TEST(Process, ItsEndCountsNotThatOfItsChildren) {
  const time_t before = ::time(nullptr);
  EXPECT_EQ(said(shell("sleep 20 & exit 0")), "");
  EXPECT_LT(::time(nullptr) - before, 15);
}

TEST(Process, ItsEndCountsHoweverMuchItsChildrenWrite) {
  process::Command command = shell("while :; do echo more; done & exit 3");
  command.timeout_s = 20;
  EXPECT_NE(said(command).find("/bin/sh: exit status 3"), std::string::npos);
}

TEST(Process, WhatIsWrittenBeforeTheEndIsRead) {
  const Result<std::string> said = process::capture(shell("head -c 60000 /dev/zero | tr '\\0' x"));
  EXPECT_EQ(said.value().size(), 60000u);
}

TEST(Process, TheProgramHoldsALock) {
  const Fd lock = sys::open("/dev/null", O_RDONLY).value();
  const auto has_it = [&] { return shell("test -e /proc/self/fd/" + std::to_string(lock.number())); };
  process::Command given = has_it();
  given.lock = lock;
  EXPECT_EQ(said(given), "");
  EXPECT_EQ(said(has_it()), "/bin/sh: exit status 1");
}

TEST(Process, AnEndIsCalledAsShellsDo) {
  siginfo_t ended = {};
  ended.si_code = CLD_EXITED;
  ended.si_status = 7;
  EXPECT_EQ(process::describe(ended), "exit status 7");
  EXPECT_EQ(process::exit_code(ended), 7);
  ended.si_code = CLD_KILLED;
  ended.si_status = SIGKILL;
  EXPECT_EQ(process::describe(ended), "killed by SIGKILL");
  EXPECT_EQ(process::exit_code(ended), 137);
  ended.si_status = 40;
  EXPECT_EQ(process::describe(ended), "killed by signal 40");
}

}  // namespace
}  // namespace estiva
