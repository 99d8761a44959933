// SPDX-License-Identifier: Apache-2.0
// Sizes; times of images and of --since.
#include "engine/format.h"

#include <gtest/gtest.h>

namespace estiva::engine {
namespace {

TEST(Sizes, InFourDigitsOrAsDockerHasThem) {
  EXPECT_EQ(human_size(0), "0 B");
  EXPECT_EQ(human_size(131'384'321), "131.4 MB");
  EXPECT_EQ(docker_size(12), "12B");
  EXPECT_EQ(docker_size(999), "999B");
  EXPECT_EQ(docker_size(1234), "1.23kB");
  EXPECT_EQ(docker_size(77'123'456), "77.1MB");
}

// Nothing is rounded up to a thousand.
TEST(Sizes, TheNextUnitBeginsWhereTheDigitsEnd) {
  EXPECT_EQ(docker_size(999'499), "999kB");
  EXPECT_EQ(docker_size(999'500), "1MB");
  EXPECT_EQ(human_size(999'949), "999.9 kB");
  EXPECT_EQ(human_size(999'950), "1 MB");
}

TEST(SecondsOf, Rfc3339) {
  EXPECT_EQ(seconds_of("1970-01-02T00:00:01Z"), 86401);
  EXPECT_EQ(seconds_of("2015-11-25T19:33:03.123456789Z"), 1448479983);
  EXPECT_EQ(seconds_of("2024-02-29T12:00:00+02:00"), 1709200800);
  EXPECT_EQ(seconds_of("2024-02-29T08:00:00.5-02:00"), 1709200800);
  EXPECT_EQ(seconds_of("2024-02-29T10:00:00"), 1709200800);
}

TEST(SecondsOf, WhatIsNoTimeIsNone) {
  for (const char* text : {"", "yesterday", "2024-02-29", "2024-02-29 10:00:00Z", "2024-xx-29T10:00:00Z",
                           "2024-02-29T10:00:-1Z", "2024-02-29T10:00:00+2", "2024-02-29T10:00:00+"})
    EXPECT_EQ(seconds_of(text), 0) << text;
}

TEST(TimeOf, SecondsDurationsAndDates) {
  EXPECT_EQ(time_of("1709200800").value(), 1709200800);
  EXPECT_EQ(time_of("2024-02-29T10:00:00Z").value(), 1709200800);
  const int64_t now = time_of("0s").value();
  EXPECT_NEAR(static_cast<double>(now - time_of("1h30m").value()), 5400, 60);
  EXPECT_FALSE(time_of("soon").ok());
}

}  // namespace
}  // namespace estiva::engine
