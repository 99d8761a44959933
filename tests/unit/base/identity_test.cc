// SPDX-License-Identifier: Apache-2.0
// A process is its number and its start time; what has ended is gone, reaped or not.
#include "estiva/base/identity.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

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

void* wait_for_ever(void*) {
  for (;;) ::pause();
}

std::string status_of(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/status");
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(Identity, AProcessWhoseFirstThreadHasEndedIsThere) {
  const pid_t child = ::fork();
  if (child == 0) {
    pthread_t other;
    if (::pthread_create(&other, nullptr, wait_for_ever, nullptr) == 0) ::syscall(SYS_exit, 0);
    ::_exit(1);
  }
  const uint64_t start = process_start_time(child).value();
  for (int i = 0; i < 1000 && status_of(child).find("State:\tZ") == std::string::npos; ++i) ::usleep(10000);
  ASSERT_NE(status_of(child).find("State:\tZ"), std::string::npos);
  const Result<uint64_t> now = process_start_time(child);
  EXPECT_TRUE(now.ok() && now.value() == start);
  ::kill(child, SIGKILL);
  siginfo_t ended;
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT), 0);
  EXPECT_FALSE(process_start_time(child).ok());
  ::waitpid(child, nullptr, 0);
}

TEST(Identity, TheBootHasAName) {
  const std::string id = boot_id().value();
  EXPECT_EQ(id.size(), 36u);
  EXPECT_EQ(boot_id().value(), id);
}

}  // namespace
}  // namespace estiva
