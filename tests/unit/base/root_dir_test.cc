// SPDX-License-Identifier: Apache-2.0
// Hostile trees below RootDir, each case by openat2 and by the walk of kernels that lack it; both must say the same.
#include "estiva/base/root_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <functional>
#include <thread>

#include "estiva/base/files.h"
#include "temp_dir.h"

namespace estiva {
namespace {

namespace fs = std::filesystem;
using Links = RootDir::Links;

// From here on openat2 does not exist for this thread.
void forbid_openat2() {
  struct sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const struct sock_fprog program = {std::size(code), code};
  ASSERT_EQ(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
  ASSERT_EQ(::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
  ASSERT_EQ(::syscall(SYS_openat2, -1, "", nullptr, size_t{0}), -1);
  ASSERT_EQ(errno, ENOSYS);
}

// Parameter: without openat2.
class RootDirTest : public testing::TestWithParam<bool> {
 protected:
  RootDirTest() {
    fs::create_directories(dir_ / "root/dir");
    fs::create_directory(dir_ / "outside");
    dir_.write("outside/secret", "secret");
    dir_.write("root/file", "top");
    dir_.write("root/dir/file", "inside");
    const struct {
      std::string name, target;
    } links[] = {
        {"abs", "/dir/file"},
        {"abs_dir", "/dir"},
        {"up", "../../../dir/file"},
        {"dir/up", "../file"},
        {"chain", "dir/../abs"},
        {"out_abs", dir_ / "outside/secret"},
        {"out_up", "../outside/secret"},
        {"out_dir", dir_ / "outside"},
        {"loop", "pool"},
        {"pool", "loop"},
        {"self", "self/self"},
        {"dangling", "dir/nowhere"},
        {"proc_root", "/proc/self/root"},
        {"link0", "file"},
    };
    for (const auto& link : links) fs::create_symlink(link.target, dir_ / ("root/" + link.name));
    for (int i = 1; i <= 40; ++i)
      fs::create_symlink("link" + std::to_string(i - 1), dir_ / ("root/link" + std::to_string(i)));
  }

  // The filter goes with its thread.
  void in_mode(const std::function<void(const RootDir&)>& test) {
    std::thread([&] {
      if (GetParam()) forbid_openat2();
      test(RootDir::open(dir_ / "root").value());
    }).join();
    EXPECT_EQ(dir_.read("outside/secret"), "secret");
    EXPECT_EQ(std::distance(fs::directory_iterator(dir_ / "outside"), {}), 1) << "made outside the root";
  }

  // Where it is, as a path below the root.
  std::string place(const Fd& fd) const {
    const std::string path = fs::read_symlink("/proc/self/fd/" + std::to_string(fd.number()));
    const std::string root = dir_ / "root";
    return path.starts_with(root) ? "root" + path.substr(root.size()) : "outside: " + path;
  }
  // A place or the name of an errno.
  std::string told(const Result<Fd>& result) const {
    if (result.ok()) return place(result.value());
    return strerrorname_np(result.error().errnum()) ?: "no errno";
  }

  TempDir dir_;
};
INSTANTIATE_TEST_SUITE_P(Each, RootDirTest, testing::Bool(),
                         [](const auto& mode) { return mode.param ? "Walk" : "Openat2"; });

TEST_P(RootDirTest, OpensBelowTheRootOnly) {
  const struct {
    const char *path, *expected;
    Links links = Links::kFollow;
  } cases[] = {
      {"", "root"},
      {"/", "root"},
      {"..", "root"},
      {"file", "root/file"},
      {"/dir//./file", "root/dir/file"},
      {"dir/../../../file", "root/file"},
      {"dir/", "root/dir"},
      {"file/", "ENOTDIR"},
      {"file/x", "ENOTDIR"},
      {"file/..", "ENOTDIR"},
      {"nowhere/..", "ENOENT"},
      {"abs", "root/dir/file"},
      {"abs_dir/file", "root/dir/file"},
      {"abs_dir/../file", "root/file"},
      {"up", "root/dir/file"},
      {"dir/up", "root/file"},
      {"chain", "root/dir/file"},
      {"out_abs", "ENOENT"},
      {"out_up", "ENOENT"},
      {"out_dir/secret", "ENOENT"},
      {"proc_root", "ENOENT"},
      {"dangling", "ENOENT"},
      {"loop", "ELOOP"},
      {"loop/x", "ELOOP"},
      {"self", "ELOOP"},
      {"link39", "root/file"},
      {"link40", "ELOOP"},
      {"abs", "root/abs", Links::kFollowParents},
      {"abs_dir/file", "root/dir/file", Links::kFollowParents},
      {"abs", "ELOOP", Links::kRefuse},
      {"abs_dir/file", "ELOOP", Links::kRefuse},
      {"dir/file", "root/dir/file", Links::kRefuse},
      {"dir/../file", "root/file", Links::kRefuse},
  };
  in_mode([&](const RootDir& root) {
    for (const auto& c : cases) EXPECT_EQ(told(root.open_at(c.path, O_PATH, c.links)), c.expected) << c.path;
  });
}

TEST_P(RootDirTest, FlagsCount) {
  in_mode([&](const RootDir& root) {
    EXPECT_EQ(files::read_fd(root.open_at("abs", O_RDONLY).value(), 100).value(), "inside");
    EXPECT_EQ(told(root.open_at("abs", O_RDONLY | O_NOFOLLOW)), "ELOOP");
    EXPECT_EQ(told(root.open_at("file", O_PATH | O_DIRECTORY)), "ENOTDIR");
    EXPECT_EQ(told(root.open_at("abs_dir", O_RDONLY | O_DIRECTORY)), "root/dir");
    EXPECT_NE(::fcntl(root.open_at("file", O_RDONLY).value().number(), F_GETFD) & FD_CLOEXEC, 0);
  });
}

TEST_P(RootDirTest, MagicLinksLeadNowhere) {
  in_mode([](const RootDir&) {
    const RootDir proc = RootDir::open("/proc/self").value();
    for (const char* path : {"root/etc", "cwd/.", "exe", "fd/0"})
      EXPECT_FALSE(proc.open_at(path, O_PATH).ok()) << path;
  });
}

TEST_P(RootDirTest, MakesDirectoriesBelowTheRootOnly) {
  const std::string outside = dir_ / "outside";
  const struct {
    std::string path, expected;
    Links links = Links::kFollow;
  } cases[] = {
      {"/", "root"},
      {"dir", "root/dir"},
      {"a/b/c", "root/a/b/c"},
      {"a/../b", "root/b"},
      {"../../top", "root/top"},
      {"abs_dir/new", "root/dir/new"},
      {"dangling/new", "root/dir/nowhere/new"},
      {"out_dir/new", "root" + outside + "/new"},
      {"proc_root/new", "root/proc/self/root/new"},
      {"file", "ENOTDIR"},
      {"file/new", "ENOTDIR"},
      {"loop", "ELOOP"},
      {"loop/new", "ELOOP"},
      {"abs_dir/refused", "ELOOP", Links::kRefuse},
      {"dir/deep/er", "root/dir/deep/er", Links::kRefuse},
  };
  in_mode([&](const RootDir& root) {
    for (const auto& c : cases) {
      EXPECT_EQ(told(root.make_directories(c.path, 0755, c.links)), c.expected) << c.path;
      EXPECT_EQ(fs::is_directory(dir_ / c.expected), c.expected.starts_with("root")) << c.path;
    }
  });
  EXPECT_FALSE(fs::exists(dir_ / "root/dir/refused"));
}

TEST_P(RootDirTest, MakesFilesBelowTheRootOnly) {
  const struct {
    std::string path, expected;
  } cases[] = {
      {"new", "root/new"},
      {"a/b", "root/a/b"},
      {"../up_there", "root/up_there"},
      {"abs_dir/new", "root/dir/new"},
      {"dangling", "root/dir/nowhere"},
      {"out_up", "root/outside/secret"},
      {"abs", "root/dir/file"},
      {"loop", "ELOOP"},
      {"file/new", "ENOTDIR"},
      {"..", "root"},
  };
  in_mode([&](const RootDir& root) {
    for (const auto& c : cases) EXPECT_EQ(told(root.make_file(c.path, 0644)), c.expected) << c.path;
  });
  EXPECT_EQ(dir_.read("root/dir/file"), "inside");
  EXPECT_TRUE(fs::is_regular_file(dir_ / "root/outside/secret"));
}

TEST_P(RootDirTest, SplitsOffTheLastName) {
  in_mode([&](const RootDir& root) {
    const RootDir::Parent parent = root.open_parent("out_dir/./node/").value();
    EXPECT_EQ(parent.name, "node");
    EXPECT_EQ(place(parent.dir), "root" + std::string(dir_ / "outside"));
    for (const char* none : {"", "/", "..", "dir/..", "."})
      EXPECT_EQ(root.open_parent(none).error().code(), Code::kInvalid) << none;
  });
}

}  // namespace
}  // namespace estiva
