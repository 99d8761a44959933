// SPDX-License-Identifier: Apache-2.0
// Snapshots of a bundle: the record and the directories, without a mount. A copy of a tree.
#include "image/bundle/snapshots.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <filesystem>

#include "base/temp_dir.h"
#include "estiva/base/text.h"
#include "image/changes/clone.h"

namespace estiva::image {
namespace {

namespace fs = std::filesystem;

// A bundle over a directory in place of an image, as far as snapshots look at it.
class Snapshots : public testing::Test {
 protected:
  Snapshots() : store_(Store::open(dir_ / "store", dir_ / "run").value()) {
    fs::create_directories(dir_ / "b/.cais/upper");
    fs::create_directory(dir_ / "lower");
    const BundleState state{.image = "dir", .tier = "unpacked", .lower = {dir_ / "lower"}};
    dir_.write("b/.cais/bundle.json", codec::encode(state));
  }

  std::string bundle() const { return dir_ / "b"; }
  BundleState state() const { return read_bundle(bundle()).value(); }
  void write(const std::string& name) const {
    dir_.write(text::cat("b/.cais/", state().upper, "/", name), name);
  }
  // What an overlay would show, topmost directory first.
  std::string layers() const {
    std::string out;
    for (const std::string& path : written_layers(bundle(), state())) {
      for (const auto& each : fs::directory_iterator(path)) out += each.path().filename().string();
      out += "|";
    }
    return out;
  }
  size_t directories() const {
    size_t count = 0;
    for (const auto& each : fs::directory_iterator(dir_ / "b/.cais")) count += each.is_directory() ? 1 : 0;
    return count;
  }
  Rollback back(const std::string& name) const {
    return go_back(store_, bundle(), find_snapshot(state(), name).value()).value();
  }

  TempDir dir_;
  Store store_;
};

TEST_F(Snapshots, ARecordFromBeforeThem) {
  EXPECT_EQ(written_layers(bundle(), state()), std::vector<std::string>{bundle() + "/.cais/upper"});
  EXPECT_FALSE(newest_snapshot(state()).ok());
  EXPECT_FALSE(last_left(state()).ok());
  EXPECT_EQ(name_of_snapshot(state(), state().base), "image");
}

TEST_F(Snapshots, LayersStandOnEachOther) {
  write("a");
  ASSERT_TRUE(freeze(bundle(), "one").ok());
  write("b");
  EXPECT_EQ(layers(), "b|a|");
  ASSERT_TRUE(freeze(bundle(), "two").ok());
  EXPECT_EQ(layers(), "|b|a|");
  EXPECT_EQ(newest_snapshot(state()).value(), find_snapshot(state(), "two").value());
}

TEST_F(Snapshots, ACopyStandsBesideWhatIsWritten) {
  write("a");
  ASSERT_TRUE(freeze_copy(bundle(), "one").ok());
  write("b");
  EXPECT_TRUE(layers() == "ab|" || layers() == "ba|") << layers();
  EXPECT_EQ(back("one").kept, "undone-1");
  EXPECT_EQ(layers(), "|a|");
}

TEST_F(Snapshots, BackAndBackAgain) {
  write("a");
  ASSERT_TRUE(freeze(bundle(), "one").ok());
  write("b");
  const Rollback first = back("one");
  EXPECT_EQ(first.to + first.kept, "oneundone-1");
  EXPECT_EQ(layers(), "|a|");
  // There is nothing to keep, and nowhere to go.
  EXPECT_EQ(back("one").kept, "");
  EXPECT_EQ(directories(), 3U);
  ASSERT_TRUE(go_back(store_, bundle(), last_left(state()).value()).ok());
  EXPECT_EQ(layers(), "|b|a|");
  EXPECT_EQ(name_of_snapshot(state(), last_left(state()).value()), "one");
  // What a rollback left is not what is gone back to without a name.
  EXPECT_EQ(name_of_snapshot(state(), newest_snapshot(state()).value()), "one");
}

TEST_F(Snapshots, TheRootsAttributesAreWritten) {
  ASSERT_TRUE(freeze(bundle(), "one").ok());
  fs::permissions(bundle() + "/.cais/" + state().upper, fs::perms(0711));
  EXPECT_EQ(back("one").kept, "undone-1");
  EXPECT_EQ(back("undone-1").kept, "");
  EXPECT_EQ(fs::status(bundle() + "/.cais/" + state().upper).permissions(), fs::perms(0711));
}

TEST_F(Snapshots, RemovedWhenNothingStandsOnThem) {
  write("a");
  ASSERT_TRUE(freeze(bundle(), "one").ok());
  write("b");
  ASSERT_TRUE(freeze(bundle(), "two").ok());
  EXPECT_TRUE(remove_snapshot(bundle(), "one").value());
  EXPECT_EQ(layers(), "|b|a|");
  EXPECT_EQ(name_of_snapshot(state(), state().snapshots[0].files), "(removed)");
  EXPECT_EQ(back("image").kept, "");
  EXPECT_FALSE(remove_snapshot(bundle(), "two").value());
  EXPECT_FALSE(last_left(state()).ok());
  EXPECT_EQ(state().snapshots.size(), 0U);
  ASSERT_TRUE(sweep_layers(bundle()).ok());
  EXPECT_EQ(directories(), 1U);
  EXPECT_FALSE(remove_snapshot(bundle(), "image").ok());
}

TEST_F(Snapshots, WhatNoRecordNamesIsSwept) {
  write("a");
  ASSERT_TRUE(freeze(bundle(), "one").ok());
  fs::create_directories(dir_ / "b/.cais/upper-9/deep");
  fs::create_directory(dir_ / "b/.cais/other");
  ASSERT_TRUE(sweep_layers(bundle()).ok());
  EXPECT_EQ(directories(), 3U);
  EXPECT_EQ(layers(), "|a|");
}

TEST_F(Snapshots, Names) {
  EXPECT_EQ(new_snapshot_name(state(), "").value(), "snap-1");
  ASSERT_TRUE(freeze(bundle(), "snap-7").ok());
  EXPECT_EQ(new_snapshot_name(state(), "").value(), "snap-8");
  for (const char* good : {"a", "1.0", "before_upgrade-2"})
    EXPECT_TRUE(new_snapshot_name(state(), good).ok());
  for (const char* bad : {"snap-7", "image", "-x", ".", "a/b", "a b", "\x1b[m"})
    EXPECT_FALSE(new_snapshot_name(state(), bad).ok()) << bad;
  EXPECT_FALSE(new_snapshot_name(state(), std::string(129, 'a')).ok());
  EXPECT_NE(find_snapshot(state(), "snap-8").error().to_string().find("did you mean snap-7?"),
            std::string::npos);
}

TEST_F(Snapshots, ARecordThatGoesInCircles) {
  BundleState bad = state();
  bad.snapshots = {{.files = "upper-1", .name = "a", .parent = "upper-2"},
                   {.files = "upper-2", .name = "b", .parent = "upper-1"}};
  EXPECT_EQ(snapshot_layers(bundle(), bad, "upper-1").size(), 3U);
}

TEST(CloneTree, EveryKindOfFile) {
  const TempDir dir;
  fs::create_directories(dir / "from/deep/er");
  dir.write("from/deep/file", "content");
  fs::create_hard_link(dir / "from/deep/file", dir / "from/other name");
  fs::create_symlink("deep", dir / "from/link");
  ASSERT_EQ(::mkfifo((dir / "from/fifo").c_str(), 0640), 0);
  ASSERT_EQ(::mknod((dir / "from/socket").c_str(), S_IFSOCK | 0600, 0), 0);
  dir.write("from/sparse", "begin");
  fs::resize_file(dir / "from/sparse", 8 << 20);
  fs::permissions(dir / "from/deep/er", fs::perms(0711));
  fs::permissions(dir / "from/deep/file", fs::perms(04751));
  fs::permissions(dir / "from", fs::perms(0750));
  const auto before = fs::file_time_type::clock::now() - std::chrono::hours(1000);
  fs::last_write_time(dir / "from/deep", before);
  fs::create_directory(dir / "to");
  ASSERT_TRUE(clone_tree(dir / "from", dir / "to").ok());
  EXPECT_EQ(dir.read("to/deep/file"), "content");
  EXPECT_TRUE(fs::equivalent(dir / "to/deep/file", dir / "to/other name"));
  EXPECT_EQ(fs::read_symlink(dir / "to/link"), "deep");
  EXPECT_TRUE(fs::is_fifo(dir / "to/fifo"));
  EXPECT_TRUE(fs::is_socket(dir / "to/socket"));
  EXPECT_EQ(fs::file_size(dir / "to/sparse"), 8U << 20);
  struct stat info = {};
  ASSERT_EQ(::stat((dir / "to/sparse").c_str(), &info), 0);
  EXPECT_LT(info.st_blocks, 1024);
  EXPECT_EQ(fs::status(dir / "to/deep/er").permissions(), fs::perms(0711));
  EXPECT_EQ(fs::status(dir / "to/deep/file").permissions(), fs::perms(04751));
  EXPECT_EQ(fs::status(dir / "to/fifo").permissions(), fs::perms(0640));
  EXPECT_EQ(fs::status(dir / "to").permissions(), fs::perms(0750));
  EXPECT_EQ(fs::last_write_time(dir / "to/deep"), before);
}

}  // namespace
}  // namespace estiva::image
