// SPDX-License-Identifier: Apache-2.0
// Walking and removing a subtree, and finding the host's layout, on ordinary directories: as far as these behave like
// cgroupfs (rmdir removes an empty directory) no privilege is needed.
#include "runtime/cgroup/tree.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "runtime/cgroup/layout.h"

namespace estiva::cgroup {
namespace {

namespace fs = std::filesystem;

class CgroupTree : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/estiva-test-XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    root_ = name;
  }
  void TearDown() override { fs::remove_all(root_); }
  std::string root_;
};

TEST_F(CgroupTree, VisitsEveryDirectoryParentsFirst) {
  fs::create_directories(root_ + "/a/b/c");
  fs::create_directories(root_ + "/a/d");
  fs::create_directories(root_ + "/e");
  fs::create_directory_symlink("/", root_ + "/a/link");
  std::ofstream(root_ + "/a/file") << "x";
  std::vector<std::string> seen;
  const Result<void> done = visit_tree(root_, [&](FdView dir) -> Result<void> {
    seen.push_back(
        fs::read_symlink("/proc/self/fd/" + std::to_string(dir.number())).string().substr(root_.size()));
    return {};
  });
  ASSERT_TRUE(done.ok());
  ASSERT_EQ(seen.size(), 6u);
  EXPECT_EQ(seen.front(), "");
  const auto at = [&](const char* name) { return std::find(seen.begin(), seen.end(), name); };
  for (const char* name : {"/a", "/a/b", "/a/b/c", "/a/d", "/e"}) EXPECT_NE(at(name), seen.end()) << name;
  EXPECT_LT(at("/a"), at("/a/b"));
  EXPECT_LT(at("/a/b"), at("/a/b/c"));
}

TEST_F(CgroupTree, VisitStopsAtAnError) {
  fs::create_directories(root_ + "/a/b");
  int visits = 0;
  const Result<void> done = visit_tree(root_, [&](FdView) -> Result<void> {
    ++visits;
    return Error(Code::kState, "enough");
  });
  EXPECT_FALSE(done.ok());
  EXPECT_EQ(visits, 1);
}

TEST_F(CgroupTree, AMissingTreeIsNoError) {
  EXPECT_TRUE(visit_tree(root_ + "/none", [](FdView) -> Result<void> {
                return Error(Code::kInternal, "visited");
              }).ok());
  EXPECT_TRUE(remove_tree(root_ + "/none").value());
}

// Deeper than a path can be long: what a container with a writable cgroup may make.
TEST_F(CgroupTree, RemovesAVeryDeepTree) {
  fs::create_directory(root_ + "/top");
  const std::string name(200, 'n');
  const fs::path before = fs::current_path();
  fs::current_path(root_ + "/top");
  for (int depth = 0; depth < 300; ++depth) {
    ASSERT_EQ(mkdir(name.c_str(), 0755), 0);
    ASSERT_EQ(mkdir("sibling", 0755), 0);
    ASSERT_EQ(chdir(name.c_str()), 0);
  }
  fs::current_path(before);
  int visits = 0;
  ASSERT_TRUE(visit_tree(root_ + "/top", [&](FdView) -> Result<void> {
                ++visits;
                return {};
              }).ok());
  EXPECT_EQ(visits, 601);
  EXPECT_TRUE(remove_tree(root_ + "/top").value());
  EXPECT_FALSE(fs::exists(root_ + "/top"));
}

// A file keeps a directory as a process keeps a cgroup.
TEST_F(CgroupTree, TellsThatSomethingIsInTheWay) {
  fs::create_directories(root_ + "/top/a/b");
  std::ofstream(root_ + "/top/a/b/file") << "x";
  EXPECT_FALSE(remove_tree(root_ + "/top").value());
  fs::remove(root_ + "/top/a/b/file");
  EXPECT_TRUE(remove_tree(root_ + "/top").value());
}

TEST(CgroupEvents, Flags) {
  EXPECT_TRUE(flag("populated 1\nfrozen 0\n", "populated"));
  EXPECT_FALSE(flag("populated 1\nfrozen 0\n", "frozen"));
  EXPECT_FALSE(flag("populated 10\n", "populated"));
  EXPECT_FALSE(flag("", "populated"));
}

TEST_F(CgroupTree, NoCgroupFileSystemIsALayoutToo) {
  EXPECT_EQ(detect_layout(root_).value().mode, CgroupMode::kNone);
  EXPECT_EQ(detect_layout(root_ + "/none").value().mode, CgroupMode::kNone);
}

}  // namespace
}  // namespace estiva::cgroup
