// SPDX-License-Identifier: Apache-2.0
// Dates at the edges of days, months and leap years.
#include "estiva/base/time.h"

#include <gtest/gtest.h>

namespace estiva {
namespace {

TEST(UtcTime, IsTheDateAndTimeOfDay) {
  EXPECT_EQ(utc_time(0), "1970-01-01T00:00:00");
  EXPECT_EQ(utc_time(951782399), "2000-02-28T23:59:59");
  EXPECT_EQ(utc_time(951782400), "2000-02-29T00:00:00");
  EXPECT_EQ(utc_time(4102444799), "2099-12-31T23:59:59");
  EXPECT_EQ(utc_time(-1), "1969-12-31T23:59:59");
}

}  // namespace
}  // namespace estiva
