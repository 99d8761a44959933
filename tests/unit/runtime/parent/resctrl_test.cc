// SPDX-License-Identifier: Apache-2.0
// Schemata that are there against those that are asked for, and the table of mounts that leads to them.
#include "runtime/parent/resctrl.h"

#include <gtest/gtest.h>

#include "runtime/parent/mountinfo.h"

namespace estiva {
namespace {

constexpr const char* kPresent = "    L3:0=7f0;1=01f\n    MB:0=20;1=70\n";

TEST(Resctrl, EachDomainThatIsAskedForHasTheSameValue) {
  EXPECT_TRUE(resctrl::satisfies(kPresent, ""));
  EXPECT_TRUE(resctrl::satisfies(kPresent, "L3:0=7f0;1=1f\n"));
  EXPECT_TRUE(resctrl::satisfies(kPresent, "MB:1=70\nL3:1=1F\n"));
  EXPECT_TRUE(resctrl::satisfies(kPresent, "L3: 0 = 07f0 ; 1 = 1f"));
  EXPECT_FALSE(resctrl::satisfies(kPresent, "L3:0=7f1"));
  EXPECT_FALSE(resctrl::satisfies(kPresent, "L3:2=1f"));
  EXPECT_FALSE(resctrl::satisfies(kPresent, "L2:0=7f0"));
  EXPECT_FALSE(resctrl::satisfies("", "L3:0=1"));
  EXPECT_TRUE(resctrl::satisfies("L3:0=0", "L3:0=000"));
}

TEST(Mountinfo, PointsAndTypes) {
  const std::string table =
      "24 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
      "25 24 0:5 / /with\\040blank rw - tmpfs none rw\n"
      "26 24 0:6 / /sys/fs/resctrl rw shared:2 master:1 - resctrl resctrl rw\n"
      "broken line\n"
      "27 24 0:7 / /cut rw -\n";
  const std::vector<mountinfo::Entry> entries = mountinfo::parse(table);
  ASSERT_EQ(entries.size(), 3u);
  EXPECT_EQ(entries[1].point, "/with blank");
  EXPECT_EQ(entries[2].point, "/sys/fs/resctrl");
  EXPECT_EQ(entries[2].type, "resctrl");
}

}  // namespace
}  // namespace estiva
