// SPDX-License-Identifier: Apache-2.0
// Whole files: limits, what is no regular file, replacing, trees with links out of them.
#include "estiva/base/files.h"

#include <errno.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>

#include "temp_dir.h"

namespace estiva {
namespace {

namespace fs = std::filesystem;

class Files : public testing::Test {
 protected:
  Files() : fd_(sys::open(dir_.path().string(), O_RDONLY | O_DIRECTORY).value()) {}
  TempDir dir_;
  Fd fd_;
};

TEST_F(Files, ReadUpToTheLimitAndNoFurther) {
  dir_.write("empty", "");
  dir_.write("ten", "0123456789");
  EXPECT_EQ(files::read_all(fd_, "empty", 0).value(), "");
  EXPECT_EQ(files::read_all(fd_, "ten", 10).value(), "0123456789");
  EXPECT_EQ(files::read_all(fd_, "ten", 9).error().to_string(), "ten: is larger than 9 bytes");
  EXPECT_EQ(files::read_all(fd_, "ten", 0).error().code(), Code::kInvalid);
}

TEST_F(Files, OfProcfsAreReadWhole) {
  // It says that it has no bytes.
  const std::string status = files::read_all(FdView::cwd(), "/proc/self/status", 1 << 20).value();
  EXPECT_TRUE(status.starts_with("Name:"));
  EXPECT_TRUE(status.ends_with('\n'));
  EXPECT_FALSE(files::read_all(FdView::cwd(), "/proc/self/status", 10).ok());
}

TEST_F(Files, LargerThanTheFirstReadAreReadWholeFromADescriptor) {
  const std::string large(100000, 'x');
  dir_.write("large", large);
  EXPECT_EQ(files::read_fd(sys::openat(fd_, "large", O_RDONLY).value(), large.size()).value(), large);
  EXPECT_FALSE(files::read_fd(sys::openat(fd_, "large", O_RDONLY).value(), large.size() - 1).ok());
}

TEST_F(Files, OtherThanRegularOnesAreRefusedWithoutWaiting) {
  ASSERT_EQ(::mkfifo((dir_ / "fifo").c_str(), 0600), 0);
  for (const char* name : {"fifo", "."})
    EXPECT_EQ(files::read_all(fd_, name, 100).error().code(), Code::kInvalid) << name;
  EXPECT_EQ(files::read_all(fd_, "missing", 100).error().errnum(), ENOENT);
}

TEST_F(Files, OfTheKernelAreNeitherMadeNorCut) {
  EXPECT_EQ(files::write_kernel(fd_, "new", "1").error().errnum(), ENOENT);
  EXPECT_FALSE(fs::exists(dir_ / "new"));
  dir_.write("there", "12345");
  EXPECT_TRUE(files::write_kernel(fd_, "there", "9").ok());
  EXPECT_EQ(dir_.read("there"), "92345");
}

TEST_F(Files, AreReplacedWholeEvenAfterOneThatWasKilled) {
  dir_.write("f", "a long old content");
  dir_.write(".f.new", "half");
  const Fd old = sys::openat(fd_, "f", O_RDONLY).value();
  EXPECT_TRUE(files::replace(fd_, "f", "new", 0600).ok());
  EXPECT_EQ(dir_.read("f"), "new");
  EXPECT_EQ(files::read_fd(old, 100).value(), "a long old content");
  EXPECT_EQ(fs::status(dir_ / "f").permissions(), fs::perms(0600));
  EXPECT_FALSE(fs::exists(dir_ / ".f.new"));
  fs::create_directory(dir_ / "d");
  EXPECT_FALSE(files::replace(fd_, "d", "new", 0600).ok());
  EXPECT_FALSE(fs::exists(dir_ / ".d.new"));
}

TEST_F(Files, AreListedWithoutTheDots) {
  for (int i = 0; i < 1000; ++i)
    dir_.write("a-name-that-is-long-enough-for-two-reads-" + std::to_string(i), "");
  std::vector<std::string> names = files::list(fd_).value();
  EXPECT_EQ(names.size(), 1000u);
  EXPECT_EQ(std::ranges::count(names, "."), 0);
  EXPECT_EQ(std::ranges::count(names, ".."), 0);
}

TEST_F(Files, DirectoriesAreMadeWithTheirParents) {
  EXPECT_TRUE(files::make_directories(dir_ / "a/b//c/", 0700).ok());
  EXPECT_TRUE(fs::is_directory(dir_ / "a/b/c"));
  EXPECT_TRUE(files::make_directories(dir_ / "a/b", 0700).ok());
  dir_.write("file", "");
  EXPECT_EQ(files::make_directories(dir_ / "file/d", 0700).error().errnum(), ENOTDIR);
}

TEST_F(Files, ATreeGoesAndWhatItsLinksPointToStays) {
  const TempDir outside;
  outside.write("stays", "x");
  fs::create_directories(dir_ / "t/a/b");
  dir_.write("t/a/file", "");
  fs::create_directory_symlink(outside.path(), dir_ / "t/a/link");
  fs::create_symlink("nowhere", dir_ / "t/dangling");
  EXPECT_TRUE(files::remove_tree(fd_, "t").ok());
  EXPECT_FALSE(fs::exists(dir_ / "t"));
  EXPECT_TRUE(files::remove_tree(fd_, "t").ok());
  fs::create_directory_symlink(outside.path(), dir_ / "link");
  EXPECT_FALSE(files::remove_tree(fd_, "link").ok());
  EXPECT_EQ(outside.read("stays"), "x");
}

TEST_F(Files, ATreeGoesThatIsDeeperThanDescriptorsAndPathsReach) {
  ASSERT_EQ(::mkdir((dir_ / "t").c_str(), 0700), 0);
  Fd at = sys::openat(fd_, "t", O_RDONLY | O_DIRECTORY).value();
  for (int level = 0; level < 3000; ++level) {
    ASSERT_TRUE(sys::mkdirat(at, "d", 0700).ok());
    ASSERT_TRUE(sys::mkdirat(at, ".moved-0", 0700).ok());
    at = sys::openat(at, "d", O_RDONLY | O_DIRECTORY).value();
  }
  at = Fd();
  struct rlimit before {};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  struct rlimit few = before;
  few.rlim_cur = 256;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
  const Result<void> removed = files::remove_tree(fd_, "t");
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_TRUE(removed.ok()) << removed.error().to_string();
  EXPECT_FALSE(fs::exists(dir_ / "t"));
}

TEST_F(Files, AnAbsolutePathHasNoDotsButDotDot) {
  const std::string here = fs::current_path();
  EXPECT_EQ(files::absolute("/").value(), "/");
  EXPECT_EQ(files::absolute("//a/./b//").value(), "/a/b");
  EXPECT_EQ(files::absolute("/a/../b").value(), "/a/../b");
  EXPECT_EQ(files::absolute(".").value(), here);
  EXPECT_EQ(files::absolute("x/y").value(), here + "/x/y");
}

}  // namespace
}  // namespace estiva
