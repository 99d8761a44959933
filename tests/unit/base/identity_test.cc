// SPDX-License-Identifier: Apache-2.0
// A process is its number and its start time; what has ended is gone, reaped or not.
#include "estiva/base/identity.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace estiva {
namespace {

TEST(Identity, AProcessHasOneStartTime) {
  const uint64_t start = process_start_time(::getpid()).value();
  EXPECT_GT(start, 0u);
  EXPECT_EQ(process_start_time(::getpid()).value(), start);
}

TEST(Identity, AZombieIsGone) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  siginfo_t ended;
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT), 0);
  const Result<uint64_t> start = process_start_time(child);
  ASSERT_FALSE(start.ok());
  EXPECT_EQ(start.error().code(), Code::kNotFound);
  ::waitpid(child, nullptr, 0);
  EXPECT_FALSE(process_start_time(child).ok());
}

TEST(Identity, TheBootHasAName) {
  const std::string id = boot_id().value();
  EXPECT_EQ(id.size(), 36u);
  EXPECT_EQ(boot_id().value(), id);
}

}  // namespace
}  // namespace estiva
