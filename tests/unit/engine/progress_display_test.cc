// SPDX-License-Identifier: Apache-2.0
// Words and bars of a transfer.
#include "engine/progress_display.h"

#include <gtest/gtest.h>

namespace estiva::engine {
namespace {

using image::Phase;

TEST(Progress, BarsFitTheScreen) {
  const image::Progress half{"0123456789ab", Phase::kDownloading, 500'000, 1'000'000, ""};
  EXPECT_EQ(describe_progress(half, 60), "Downloading [=================>                ] 500 kB/1 MB");
  EXPECT_EQ(describe_progress(half, 30), "Downloading 500 kB/1 MB");
  EXPECT_EQ(describe_progress(half, 12), "Downloading ");
  EXPECT_EQ(describe_progress(half, 0), "Downloading");
  for (size_t columns = 1; columns < 200; ++columns)
    EXPECT_LE(describe_progress(half, columns).size(), columns);
}

TEST(Progress, BarsAtTheirEnds) {
  const auto bar = [](uint64_t current, uint64_t total) {
    return describe_progress({"0123456789ab", Phase::kPushing, current, total, ""}, 42);
  };
  EXPECT_EQ(bar(0, 1000), "Pushing [>                      ] 0 B/1 kB");
  EXPECT_EQ(bar(1000, 1000), "Pushing [======================] 1 kB/1 kB");
  EXPECT_EQ(bar(2000, 1000), "Pushing [======================] 2 kB/1 kB");  // more than announced
  EXPECT_EQ(bar(2000, 0), "Pushing 2 kB");
}

TEST(Progress, WaitsAreTold) {
  EXPECT_EQ(describe_progress({"x", Phase::kRetrying, 1, 0, "r.example: status 503"}, 0),
            "Retrying in 1 second (r.example: status 503)");
  EXPECT_EQ(describe_progress({"x", Phase::kRetrying, 20, 0, ""}, 80), "Retrying in 20 seconds");
  EXPECT_EQ(describe_progress({"x", Phase::kMounted, 0, 0, "from library/debian"}, 0),
            "Mounted from library/debian");
}

}  // namespace
}  // namespace estiva::engine
