// SPDX-License-Identifier: Apache-2.0
// The cgroup manager on the host's real cgroups (root only): on the whole layout, and on its cgroup2 mount alone, as
// a v2 host would show it. Every cgroup is named estiva-test-PID and removed.
#include "runtime/cgroup/manager.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "estiva/spec/spec.h"
#include "runtime/cgroup/layout.h"

namespace estiva::cgroup {
namespace {

namespace fs = std::filesystem;

std::string content(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

// A child that pauses inside the cgroup, joined as the runtime does it. `work` runs there; its result is the status.
pid_t spawn(const CgroupHandle& handle, int (*work)() = nullptr) {
  struct clone_args args {};
  args.exit_signal = SIGCHLD;
  if (handle.unified_dir.valid()) {
    args.flags = CLONE_INTO_CGROUP;
    args.cgroup = static_cast<uint64_t>(handle.unified_dir.number());
  }
  const auto pid = static_cast<pid_t>(syscall(SYS_clone3, &args, sizeof args));
  if (pid != 0) return pid;
  for (const Fd& tasks : handle.v1_tasks) {
    if (write(tasks.number(), "0", 1) != 1) _exit(99);
  }
  if (work != nullptr) _exit(work());
  for (;;) pause();
}

int status_of(pid_t pid) {
  int status = 0;
  if (waitpid(pid, &status, 0) != pid) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

enum class View { kHost, kUnifiedAlone };

class CgroupFixture : public testing::Test {
 protected:
  explicit CgroupFixture(View view) : view_(view) {}
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "needs root: makes cgroups";
    layout_ = detect_layout().value();
    if (layout_.mode == CgroupMode::kNone)
      GTEST_SKIP() << "no cgroup file system is mounted at or below /sys/fs/cgroup";
    if (view_ == View::kUnifiedAlone) {
      if (layout_.unified() == nullptr) GTEST_SKIP() << "no cgroup2 is mounted at or below /sys/fs/cgroup";
      layout_ = {CgroupMode::kV2, {*layout_.unified()}};
    }
    plan_.path = "/estiva-test-" + std::to_string(getpid());
  }
  void TearDown() override {
    if (record_.path.empty()) return;
    (void)thaw(record_);
    (void)kill_all(record_, SIGKILL);
    for (const pid_t pid : children_) (void)waitpid(pid, nullptr, 0);
    EXPECT_TRUE(destroy(record_, 5000).ok());
    for (const CgroupHierarchy& one : layout_.hierarchies) {
      EXPECT_FALSE(fs::exists(one.mount_point + plan_.path)) << one.mount_point;
    }
  }

  Result<CgroupHandle> make() {
    Result<CgroupHandle> handle = create(layout_, plan_);
    if (handle.ok()) record_ = make_record(layout_, plan_, handle.value());
    return handle;
  }
  CgroupHandle make_good() {
    Result<CgroupHandle> handle = make();
    EXPECT_TRUE(handle.ok()) << handle.error().to_string();
    return std::move(handle).value();
  }
  pid_t child_in(const CgroupHandle& handle) {
    children_.push_back(spawn(handle));
    // It joins the v1 hierarchies one after another.
    for (int i = 0; i < 5000 && joined(children_.back()) < layout_.hierarchies.size(); ++i) usleep(1000);
    return children_.back();
  }
  // In how many hierarchies the process is in the group.
  size_t joined(pid_t pid) const {
    const std::string membership = content("/proc/" + std::to_string(pid) + "/cgroup");
    size_t count = 0;
    for (size_t at = membership.find(plan_.path + "\n"); at != std::string::npos; ++count)
      at = membership.find(plan_.path + "\n", at + 1);
    return count;
  }
  std::string directory(const CgroupHierarchy& hierarchy) const { return hierarchy.mount_point + plan_.path; }

  const View view_;
  CgroupLayout layout_;
  CgroupPlan plan_;
  CgroupRecord record_;
  std::vector<pid_t> children_;
};

class CgroupManager : public CgroupFixture, public testing::WithParamInterface<View> {
 protected:
  CgroupManager() : CgroupFixture(GetParam()) {}
};
INSTANTIATE_TEST_SUITE_P(Views, CgroupManager, testing::Values(View::kHost, View::kUnifiedAlone),
                         [](const auto& param) {
                           return param.param == View::kHost ? "Host" : "UnifiedAlone";
                         });

// What only one kind of hierarchy has.
class CgroupHost : public CgroupFixture {
 protected:
  CgroupHost() : CgroupFixture(View::kHost) {}
};
class CgroupUnified : public CgroupFixture {
 protected:
  CgroupUnified() : CgroupFixture(View::kUnifiedAlone) {}
};

TEST_P(CgroupManager, MakesJoinsKillsAndRemoves) {
  const CgroupHandle handle = make_good();
  EXPECT_EQ(handle.created.size(), layout_.hierarchies.size());
  EXPECT_FALSE(populated(record_).value());
  const pid_t pid = child_in(handle);
  EXPECT_TRUE(populated(record_).value());
  EXPECT_EQ(processes(record_).value(), std::vector<pid_t>{pid});
  EXPECT_EQ(joined(pid), layout_.hierarchies.size()) << content("/proc/" + std::to_string(pid) + "/cgroup");

  const Result<void> busy = destroy(record_, 50);
  ASSERT_FALSE(busy.ok());
  EXPECT_EQ(busy.error().code(), Code::kState);
  EXPECT_NE(busy.error().to_string().find(std::to_string(pid) + " ("), std::string::npos)
      << busy.error().to_string();

  ASSERT_TRUE(kill_all(record_, SIGKILL).ok());
  EXPECT_EQ(status_of(pid), 128 + SIGKILL);
  children_.clear();
  ASSERT_TRUE(destroy(record_, 5000).ok());
  EXPECT_FALSE(populated(record_).value());
  EXPECT_FALSE(frozen(record_).value());
  EXPECT_TRUE(kill_all(record_, SIGKILL).ok());
  EXPECT_TRUE(destroy(record_, 0).ok());
}

TEST_P(CgroupManager, OtherSignalsReachEveryProcessOfTheSubtree) {
  const CgroupHandle handle = make_good();
  const CgroupHierarchy& first =
      layout_.unified() != nullptr ? *layout_.unified() : layout_.hierarchies.front();
  const pid_t above = child_in(handle), below = child_in(handle);
  const std::string sub = directory(first) + "/sub";
  ASSERT_EQ(mkdir(sub.c_str(), 0755), 0);
  std::ofstream(sub + "/cgroup.procs") << below;
  EXPECT_EQ(processes(record_).value().size(), 2u);
  ASSERT_TRUE(kill_all(record_, SIGTERM).ok());
  EXPECT_EQ(status_of(above), 128 + SIGTERM);
  EXPECT_EQ(status_of(below), 128 + SIGTERM);
  EXPECT_FALSE(frozen(record_).value());
  children_.clear();
}

TEST_P(CgroupManager, FreezesThawsAndKillsWhatIsFrozen) {
  const CgroupHandle handle = make_good();
  const pid_t pid = child_in(handle);
  EXPECT_FALSE(frozen(record_).value());
  const Result<void> done = freeze(record_);
  ASSERT_TRUE(done.ok()) << done.error().to_string();
  EXPECT_TRUE(frozen(record_).value());
  ASSERT_TRUE(thaw(record_).ok());
  EXPECT_FALSE(frozen(record_).value());
  ASSERT_TRUE(freeze(record_).ok());
  ASSERT_TRUE(kill_all(record_, SIGKILL).ok());
  EXPECT_EQ(status_of(pid), 128 + SIGKILL);
  children_.clear();
}

TEST_F(CgroupHost, KillsWhatAV1FreezerHolds) {
  const CgroupHierarchy* freezer = layout_.with_controller("freezer");
  if (freezer == nullptr) GTEST_SKIP() << "no v1 freezer is mounted below /sys/fs/cgroup";
  const CgroupHandle handle = make_good();
  const pid_t pid = child_in(handle);
  const std::string sub = directory(*freezer) + "/sub";
  ASSERT_EQ(mkdir(sub.c_str(), 0755), 0);
  std::ofstream(sub + "/cgroup.procs") << pid;
  std::ofstream(sub + "/freezer.state") << "FROZEN";
  ASSERT_TRUE(kill_all(record_, SIGKILL).ok());
  EXPECT_EQ(status_of(pid), 128 + SIGKILL);
  children_.clear();
}

TEST_P(CgroupManager, RefusesAPopulatedCgroup) {
  const CgroupHandle handle = make_good();
  child_in(handle);
  const Result<CgroupHandle> second = create(layout_, plan_);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code(), Code::kState);
  EXPECT_EQ(second.error().parts().object, "/linux/cgroupsPath");
}

TEST_P(CgroupManager, RefusesAFrozenCgroupAndBelowOne) {
  const CgroupHandle handle = make_good();
  ASSERT_TRUE(freeze(record_).ok());
  Result<CgroupHandle> second = create(layout_, plan_);
  ASSERT_FALSE(second.ok());
  EXPECT_NE(second.error().to_string().find("frozen"), std::string::npos);
  CgroupPlan below = plan_;
  below.path += "/sub";
  second = create(layout_, below);
  ASSERT_FALSE(second.ok());
  for (const CgroupHierarchy& one : layout_.hierarchies)
    EXPECT_FALSE(fs::exists(one.mount_point + below.path));
}

TEST_P(CgroupManager, TakesAnEmptyCgroupThatExists) {
  const CgroupHandle first = make_good();
  const CgroupRecord whole = record_;
  const CgroupHandle second = make_good();
  EXPECT_TRUE(second.created.empty());
  record_ = whole;
}

TEST_P(CgroupManager, RemovesTheParentsItMadeAndNoOthers) {
  const std::string top = plan_.path;
  CgroupPlan deep = plan_;
  deep.path = top + "/a/b";
  CgroupHandle handle = create(layout_, deep).value();
  const CgroupRecord deep_record = make_record(layout_, deep, handle);
  EXPECT_EQ(handle.created.size(), 3 * layout_.hierarchies.size());
  CgroupPlan other = plan_;
  other.path = top + "/a/other";
  handle = create(layout_, other).value();
  const CgroupRecord other_record = make_record(layout_, other, handle);
  const std::string mount = layout_.hierarchies.front().mount_point;
  ASSERT_TRUE(destroy(deep_record, 1000).ok());
  EXPECT_FALSE(fs::exists(mount + deep.path));
  EXPECT_TRUE(fs::exists(mount + other.path));
  ASSERT_TRUE(destroy(other_record, 1000).ok());
  ASSERT_TRUE(destroy(deep_record, 1000).ok());
  EXPECT_FALSE(fs::exists(mount + top));
}

TEST_P(CgroupManager, RemovesWhatTheContainerMadeBelow) {
  make_good();
  for (const CgroupHierarchy& one : layout_.hierarchies) fs::create_directories(directory(one) + "/x/y/z");
  ASSERT_TRUE(destroy(record_, 1000).ok());
}

TEST_P(CgroupManager, UndoesItsOwnOnFailure) {
  const auto expect_nothing_left = [&](const CgroupLayout& layout, const std::string& path) {
    CgroupPlan bad = plan_;
    bad.path = path;
    EXPECT_FALSE(create(layout, bad).ok());
    for (const CgroupHierarchy& one : layout_.hierarchies)
      EXPECT_FALSE(fs::exists(directory(one))) << one.mount_point;
  };
  // The kernel takes no line feed in a name (cgroup_mkdir).
  expect_nothing_left(layout_, plan_.path + "/a\nb");
  CgroupLayout with_broken_end = layout_;
  with_broken_end.hierarchies.push_back({"/nonexistent", {"x"}, false});
  expect_nothing_left(with_broken_end, plan_.path + "/sub");
}

TEST_P(CgroupManager, DestroyWaitsForTheLastProcess) {
  const CgroupHandle handle = make_good();
  children_.push_back(spawn(handle, [] { return usleep(300000); }));
  const Result<void> done = destroy(record_, 5000);
  EXPECT_TRUE(done.ok()) << done.error().to_string();
}

TEST_P(CgroupManager, ErrorsNameTheProperty) {
  const CgroupHandle handle = make_good();
  const bool v2 = layout_.mode == CgroupMode::kV2;
  CgroupPlan plan = plan_;
  plan.files = {
      {.controller = v2 ? "" : "pids", .file = "no.such", .value = "1", .object = "/linux/resources/x"}};
  if (!v2 && layout_.with_controller("pids") == nullptr)
    GTEST_SKIP() << "no hierarchy below /sys/fs/cgroup has the pids controller";
  Result<void> applied = apply_limits(layout_, plan, handle);
  ASSERT_FALSE(applied.ok());
  EXPECT_EQ(applied.error().parts().object, "/linux/resources/x");
  plan.files[0].optional = true;
  EXPECT_TRUE(apply_limits(layout_, plan, handle).ok());
  plan.files[0].fallback_file = "cgroup.procs";
  plan.files[0].fallback_value = "no number";
  applied = apply_limits(layout_, plan, handle);
  ASSERT_FALSE(applied.ok());
  EXPECT_EQ(applied.error().errnum(), EINVAL);
}

// ---- limits, on the host's own layout

TEST_P(CgroupManager, WritesTheLimitsThatTheHostHas) {
  spec::Spec spec;
  spec.linux.emplace();
  spec.linux->cgroups_path = plan_.path;
  spec::Resources& resources = spec.linux->resources.emplace();
  if (layout_.with_controller("memory") != nullptr) resources.memory = spec::Memory{.limit = 64 << 20};
  if (layout_.with_controller("pids") != nullptr) resources.pids = spec::Pids{.limit = 0};
  if (layout_.with_controller("cpu") != nullptr) {
    resources.cpu = spec::Cpu{.shares = 512, .quota = 50000, .burst = 1000, .period = 200000};
  }
  if (layout_.with_controller("cpuset") != nullptr) {
    if (!resources.cpu.has_value()) resources.cpu.emplace();
    resources.cpu->cpus = "0";
  }
  if (layout_.with_controller("hugetlb") != nullptr &&
      fs::exists("/sys/kernel/mm/hugepages/hugepages-2048kB")) {
    resources.hugepage_limits = {{"2MB", 4 << 20}};
  }
  plan_ = plan_cgroup(spec, layout_, "unused").value();
  const CgroupHandle handle = make_good();
  const Result<void> applied = apply_limits(layout_, plan_, handle);
  ASSERT_TRUE(applied.ok()) << applied.error().to_string();
  int seen = 0;
  for (const CgroupFile& file : plan_.files) {
    const CgroupHierarchy* hierarchy =
        file.controller.empty() ? layout_.unified() : layout_.with_controller(file.controller);
    const std::string path = directory(*hierarchy) + "/" + file.file;
    if (!fs::exists(path) && file.optional) continue;
    EXPECT_EQ(content(path), file.value + "\n") << path;
    ++seen;
  }
  EXPECT_EQ(seen > 0, !plan_.files.empty());
}

// Memory and memory with swap bound each other: both ways, whatever was there.
TEST_F(CgroupHost, ValuesThatBoundEachOtherInAnyOrder) {
  const CgroupHierarchy* memory = layout_.with_controller("memory");
  if (memory == nullptr || memory->unified)
    GTEST_SKIP() << "no v1 memory controller is mounted below /sys/fs/cgroup";
  if (!fs::exists(memory->mount_point + "/memory.memsw.limit_in_bytes"))
    GTEST_SKIP() << "memory.memsw.limit_in_bytes is missing: the kernel was built, or booted, without "
                    "accounting of swap";
  const CgroupHandle handle = make_good();
  for (const int64_t megabytes : {64, 256, 32}) {
    const spec::Resources resources{.memory =
                                        spec::Memory{.limit = megabytes << 20, .swap = megabytes << 20}};
    plan_.files = plan_cgroup_files(resources, layout_).value();
    const Result<void> applied = apply_limits(layout_, plan_, handle);
    EXPECT_TRUE(applied.ok()) << applied.error().to_string();
    EXPECT_EQ(content(directory(*memory) + "/memory.memsw.limit_in_bytes"),
              std::to_string(megabytes << 20) + "\n");
  }
}

TEST_F(CgroupUnified, OwnerOfADelegatedCgroup) {
  plan_.owner = 4321;
  const CgroupHandle handle = make_good();
  ASSERT_TRUE(apply_limits(layout_, plan_, handle).ok());
  struct stat info {};
  for (const char* name : {"", "/cgroup.procs", "/cgroup.subtree_control"}) {
    ASSERT_EQ(stat((directory(layout_.hierarchies[0]) + name).c_str(), &info), 0);
    EXPECT_EQ(info.st_uid, 4321u) << name;
  }
  ASSERT_EQ(stat((directory(layout_.hierarchies[0]) + "/cgroup.freeze").c_str(), &info), 0);
  EXPECT_EQ(info.st_uid, 0u);
}

// The init goes first: with it in its own cgroup the controllers could not be handed down.
TEST_F(CgroupUnified, ThePartThatIsDelegated) {
  plan_.delegated = "/a/b";
  plan_.delegated_owner = 4321;
  const CgroupHandle handle = make_good();
  const pid_t pid = child_in(handle);
  const Result<void> done = delegate(record_, plan_, pid);
  ASSERT_TRUE(done.ok()) << done.error().to_string();
  const std::string own = directory(layout_.hierarchies[0]);
  EXPECT_EQ(content(own + "/cgroup.procs"), "");
  EXPECT_EQ(content(own + "/a/b/cgroup.procs"), std::to_string(pid) + "\n");
  EXPECT_EQ(content(own + "/a/b/cgroup.controllers"), content(own + "/cgroup.controllers"));
  EXPECT_EQ(content(own + "/a/cgroup.subtree_control"), content(own + "/cgroup.controllers"));
  struct stat info {};
  for (const auto& [name, owner] : {std::pair{"/cgroup.procs", 0u},
                                    {"/a/cgroup.procs", 0u},
                                    {"/a/b", 4321u},
                                    {"/a/b/cgroup.procs", 4321u},
                                    {"/a/b/cgroup.freeze", 0u}}) {
    ASSERT_EQ(stat((own + name).c_str(), &info), 0) << name;
    EXPECT_EQ(info.st_uid, owner) << name;
  }
  EXPECT_EQ(processes(record_).value(), std::vector<pid_t>{pid});
}

TEST_F(CgroupUnified, AFrozenPartIsNotDelegated) {
  plan_.delegated = "/a";
  const CgroupHandle handle = make_good();
  const std::string below = directory(layout_.hierarchies[0]) + "/a";
  ASSERT_TRUE(fs::create_directory(below));
  std::ofstream(below + "/cgroup.freeze") << "1";
  const Result<void> done = delegate(record_, plan_, child_in(handle));
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().code(), Code::kState);
  EXPECT_EQ(content(below + "/cgroup.procs"), "");
}

// ---- devices: what the kernel does with the rules, v1 lines or v2 program

// Bit 0: /dev/null opens; bit 1: /dev/full does; bit 2: the kernel's log (c 1:11) can be made and opened.
int open_devices() {
  int out = 0;
  const auto opens = [](const char* path) {
    const int fd = open(path, O_RDWR | O_NONBLOCK);
    if (fd >= 0) close(fd);
    return fd >= 0;
  };
  if (opens("/dev/null")) out |= 1;
  if (opens("/dev/full")) out |= 2;
  const std::string node = "/tmp/estiva-test-node-" + std::to_string(getpid());
  if (mknod(node.c_str(), S_IFCHR | 0600, makedev(1, 11)) != 0) return out | 8;
  if (opens(node.c_str())) out |= 4;
  unlink(node.c_str());
  return out;
}

TEST_P(CgroupManager, DeviceRulesAct) {
  const std::pair<std::vector<spec::DeviceRule>, int> kLists[] = {
      {{}, 1 | 2},
      {{{false, "a", {}, {}, "rwm"}}, 1 | 2},
      {{{false, "a", {}, {}, "rwm"}, {true, "c", 1, 11, "rw"}}, 1 | 2 | 4},
      {{{false, "a", {}, {}, "rwm"}, {true, "c", 1, 11, "r"}}, 1 | 2},
      {{{true, "a", {}, {}, "rwm"}}, 1 | 2 | 4},
      {{{true, "a", {}, {}, "rwm"}, {false, "c", 1, 11, "w"}}, 1 | 2},
      {{{true, "c", 1, 11, "rwm"}, {false, "a", {}, {}, "rwm"}}, 1 | 2},
  };
  if (layout_.with_controller("devices") == nullptr && layout_.unified() == nullptr) {
    GTEST_SKIP() << "neither v1 devices nor cgroup2 is mounted below /sys/fs/cgroup";
  }
  for (size_t i = 0; i < std::size(kLists); ++i) {
    spec::Spec spec;
    spec.linux.emplace();
    spec.linux->cgroups_path = plan_.path;
    spec.linux->resources.emplace().devices = kLists[i].first;
    plan_ = plan_cgroup(spec, layout_, "unused").value();
    const CgroupHandle handle = make_good();
    const Result<void> applied = apply_devices(layout_, plan_, handle);
    ASSERT_TRUE(applied.ok()) << applied.error().to_string();
    EXPECT_EQ(status_of(spawn(handle, open_devices)), kLists[i].second) << "list " << i;
    ASSERT_TRUE(destroy(record_, 5000).ok());
  }
}

}  // namespace
}  // namespace estiva::cgroup
