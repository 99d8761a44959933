// SPDX-License-Identifier: Apache-2.0
// When it is asked again.
#include "image/registry/backoff.h"

#include <gtest/gtest.h>

namespace estiva::image {
namespace {

TEST(Backoff, DoublesWithinItsDiceAndEnds) {
  RetryPolicy policy;
  policy.retries = 4;
  for (const uint32_t dice : {0u, 1u, 499u, 1u << 31, ~0u}) {
    Backoff backoff(policy);
    for (const int64_t base : {1000, 2000, 4000, 8000}) {
      const Backoff::Next next = backoff.after(0, std::nullopt, dice);
      EXPECT_TRUE(next.again);
      EXPECT_GE(next.wait_ms, base * 3 / 4);
      EXPECT_LE(next.wait_ms, base * 5 / 4);
    }
    EXPECT_FALSE(backoff.after(0, std::nullopt, dice).again);
  }
}

TEST(Backoff, ProgressCountsAnew) {
  RetryPolicy policy;
  policy.retries = 2;
  Backoff backoff(policy);
  for (int i = 0; i < 100; ++i) {
    const Backoff::Next next = backoff.after(kProgressBytes, std::nullopt, 7);
    EXPECT_TRUE(next.again);
    EXPECT_EQ(next.wait_ms, 0);
  }
  EXPECT_TRUE(backoff.after(kProgressBytes - 1, std::nullopt, 7).again);
  EXPECT_FALSE(backoff.after(0, std::nullopt, 7).again);
}

TEST(Backoff, DoesAsItIsTold) {
  Backoff backoff(RetryPolicy{});
  EXPECT_EQ(backoff.after(0, 30, 0).wait_ms, 30'000);
  EXPECT_GE(backoff.after(kProgressBytes, 0, 0).wait_ms, 750)
      << "an answer that asks for no wait does not get none";
  EXPECT_FALSE(backoff.after(0, 3600, 0).again);
  EXPECT_FALSE(backoff.after(0, INT64_MAX, 0).again);
}

TEST(Backoff, NeverOverflows) {
  RetryPolicy policy;
  policy.retries = 1000;
  Backoff backoff(policy);
  for (int i = 0; i < 1000; ++i) {
    const Backoff::Next next = backoff.after(0, std::nullopt, ~0u);
    EXPECT_TRUE(next.again);
    EXPECT_LE(next.wait_ms, policy.longest_ms * 5 / 4);
    EXPECT_GE(next.wait_ms, 0);
  }
}

}  // namespace
}  // namespace estiva::image
