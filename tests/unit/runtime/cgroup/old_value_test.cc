// SPDX-License-Identifier: Apache-2.0
// What brings a cgroup file back to what it was, for every shape that such files have.
#include "runtime/cgroup/old_value.h"

#include <gtest/gtest.h>

namespace estiva::cgroup {
namespace {

TEST(OldValue, OneValueIsItself) {
  EXPECT_EQ(old_value("memory.max", "4096", "max\n"), "max");
  EXPECT_EQ(old_value("cpu.max", "1000 2000", "50000 100000\n"), "50000 100000");
  EXPECT_EQ(old_value("cpuset.cpus", "0", "\n"), "\n");
}

TEST(OldValue, ALineOfADeviceIsThatLine) {
  const char* content = "8:0 rbps=1 wbps=max riops=max wiops=max\n8:16 rbps=2 wbps=max riops=max wiops=max\n";
  EXPECT_EQ(old_value("io.max", "8:16 rbps=9", content), "8:16 rbps=2 wbps=max riops=max wiops=max");
  EXPECT_EQ(old_value("io.max", "8:1 rbps=9", content), "8:1 rbps=max wbps=max riops=max wiops=max");
  EXPECT_EQ(old_value("blkio.throttle.read_bps_device", "8:0 9", ""), "8:0 0");
  EXPECT_EQ(old_value("io.bfq.weight", "8:0 9", "default 100\n"), "8:0 default");
  EXPECT_EQ(old_value("rdma.max", "mlx4_0 hca_handle=1", "mlx4_0 hca_handle=2 hca_object=max\n"),
            "mlx4_0 hca_handle=2 hca_object=max");
}

TEST(OldValue, AWeightOfAllIsTheDefaultLine) {
  EXPECT_EQ(old_value("io.bfq.weight", "9", "default 100\n8:0 200\n"), "default 100");
}

TEST(OldValue, TheSwitchOfTheOomKillerIsItsNumber) {
  EXPECT_EQ(old_value("memory.oom_control", "1", "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n"), "0");
}

}  // namespace
}  // namespace estiva::cgroup
