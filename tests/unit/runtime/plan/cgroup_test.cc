// SPDX-License-Identifier: Apache-2.0
// The cgroup plan as a whole: path, device rules by host, ownership, delegation, checkBeforeUpdate.
#include "runtime/plan/cgroup.h"

#include <gtest/gtest.h>

#include "estiva/spec/spec.h"

namespace estiva {
namespace {

const CgroupLayout kV1{CgroupMode::kV1,
                       {{"/c/memory", {"memory"}, false}, {"/c/devices", {"devices"}, false}}};
const CgroupLayout kV1WithoutDevices{CgroupMode::kV1, {{"/c/memory", {"memory"}, false}}};
const CgroupLayout kV2{CgroupMode::kV2, {{"/c", {"memory"}, true}}};
const CgroupLayout kHybrid{CgroupMode::kHybrid,
                           {{"/c/devices", {"devices"}, false}, {"/c/unified", {}, true}}};

spec::Spec with_resources(spec::Resources resources) {
  spec::Spec out;
  out.linux.emplace();
  out.linux->resources = std::move(resources);
  return out;
}

TEST(CgroupPlan, Path) {
  const std::pair<const char*, const char*> kPaths[] = {
      {"", "/box"},          {"/a/b", "/a/b"},       {"a/b", "/a/b"},
      {"//a/./b//", "/a/b"}, {"/a..b/c", "/a..b/c"}, {"s.slice:p:n", "/s.slice:p:n"},
      {"...", "/..."},
  };
  for (const auto& [given, expected] : kPaths) EXPECT_EQ(plan_cgroup_path(given, "box").value(), expected);
  for (const char* wrong : {"..", "/..", "../a", "/a/../b", "a/..", "/", "//", ".", "/./"}) {
    const Result<std::string> path = plan_cgroup_path(wrong, "box");
    ASSERT_FALSE(path.ok()) << wrong;
    EXPECT_EQ(path.error().code(), Code::kInvalid);
    EXPECT_EQ(path.error().parts().object, "/linux/cgroupsPath");
  }
}

TEST(CgroupPlan, ASpecWithoutLinuxGetsACgroupAndTheDefaultDevices) {
  const CgroupPlan plan = plan_cgroup({}, kV2, "box").value();
  EXPECT_EQ(plan.path, "/box");
  EXPECT_TRUE(plan.files.empty());
  EXPECT_FALSE(plan.device_program.empty());
  EXPECT_FALSE(plan.owner.has_value());
}

TEST(CgroupPlan, DevicesGoWhereTheHostHasThem) {
  const spec::Spec spec = with_resources({.devices = {{false, "a", {}, {}, "rwm"}}});
  EXPECT_FALSE(plan_cgroup(spec, kV1, "box").value().device_lines.empty());
  EXPECT_TRUE(plan_cgroup(spec, kV1, "box").value().device_program.empty());
  EXPECT_FALSE(plan_cgroup(spec, kHybrid, "box").value().device_lines.empty());
  EXPECT_TRUE(plan_cgroup(spec, kHybrid, "box").value().device_program.empty());
  EXPECT_TRUE(plan_cgroup(spec, kV2, "box").value().device_lines.empty());
  EXPECT_FALSE(plan_cgroup(spec, kV2, "box").value().device_program.empty());
}

TEST(CgroupPlan, RulesThatNothingCanKeepAreRefused) {
  const spec::Spec deny = with_resources({.devices = {{false, "a", {}, {}, "rwm"}}});
  for (const CgroupLayout& host : {kV1WithoutDevices, CgroupLayout{}}) {
    const Result<CgroupPlan> plan = plan_cgroup(deny, host, "box");
    ASSERT_FALSE(plan.ok());
    EXPECT_EQ(plan.error().code(), Code::kUnsupported);
    EXPECT_EQ(plan.error().parts().object, "/linux/resources/devices");
    EXPECT_TRUE(plan_cgroup({}, host, "box").ok());
    EXPECT_TRUE(plan_cgroup(with_resources({.devices = {{true, "a", {}, {}, "rwm"}}}), host, "box").ok());
  }
}

TEST(CgroupPlan, AllowAll) {
  const spec::Spec spec = with_resources({.devices = {{true, "a", {}, {}, "rwm"}}});
  const CgroupPlan plan = plan_cgroup(spec, kV2, "box").value();
  EXPECT_TRUE(plan.allow_all_devices);
  EXPECT_TRUE(plan.device_program.empty());
}

TEST(CgroupPlan, CheckBeforeUpdate) {
  const auto check = [](spec::Memory memory, const CgroupLayout& host) {
    return plan_cgroup(with_resources({.memory = memory}), host, "box").value().memory_check;
  };
  EXPECT_EQ(check({.limit = 100, .swap = 170, .check_before_update = true}, kV2), (MemoryCheck{100, 70}));
  EXPECT_EQ(check({.limit = 100, .swap = 170, .check_before_update = true}, kV1), (MemoryCheck{100, 170}));
  EXPECT_EQ(check({.limit = 100, .swap = -1, .check_before_update = true}, kV2), (MemoryCheck{100, {}}));
  EXPECT_FALSE(check({.limit = 100, .check_before_update = false}, kV2).has_value());
  EXPECT_FALSE(check({.limit = -1, .check_before_update = true}, kV2).has_value());
}

// config-linux.md, "Cgroup ownership".
TEST(CgroupPlan, Owner) {
  spec::Spec spec;
  spec.process.emplace();
  spec.process->user.uid = 5;
  spec.linux.emplace();
  spec.linux->uid_mappings = {{0, 100000, 5}, {5, 200000, 10}};
  spec.linux->namespaces = {{spec::NamespaceType::kCgroup, ""}};
  spec.mounts.resize(1);
  spec.mounts[0].type = "cgroup";
  EXPECT_EQ(plan_cgroup(spec, kV2, "box").value().owner, std::optional<uid_t>(200000));
  EXPECT_FALSE(plan_cgroup(spec, kV1, "box").value().owner.has_value());
  EXPECT_FALSE(plan_cgroup(spec, kHybrid, "box").value().owner.has_value());

  spec::Spec read_only = spec;
  read_only.mounts[0].options = {"nosuid", "ro"};
  EXPECT_FALSE(plan_cgroup(read_only, kV2, "box").value().owner.has_value());
  spec::Spec hosts_namespace = spec;
  hosts_namespace.linux->namespaces.clear();
  EXPECT_FALSE(plan_cgroup(hosts_namespace, kV2, "box").value().owner.has_value());
  spec::Spec unmapped = spec;
  unmapped.process->user.uid = 99;
  EXPECT_FALSE(plan_cgroup(unmapped, kV2, "box").value().owner.has_value());
}

spec::Spec delegating(const std::string& to) {
  spec::Spec spec;
  spec.process.emplace();
  spec.process->user.uid = 5;
  spec.linux.emplace();
  spec.annotations = {{"run.oci.delegate-cgroup", to}};
  return spec;
}

TEST(CgroupPlan, Delegation) {
  const std::pair<const char*, const char*> kPaths[] = {
      {"a", "/a"}, {"/a", "/a"}, {"a/./b//", "/a/b"}, {"..a", "/..a"}, {"", ""}};
  for (const auto& [given, expected] : kPaths)
    EXPECT_EQ(plan_cgroup(delegating(given), kV2, "box").value().delegated, expected) << given;
  spec::Spec spec = delegating("a");
  EXPECT_EQ(plan_cgroup(spec, kV2, "box").value().delegated_owner, std::optional<uid_t>(5));
  EXPECT_FALSE(plan_cgroup(spec, kV2, "box").value().owner.has_value());
  spec.linux->uid_mappings = {{0, 100000, 10}};
  EXPECT_EQ(plan_cgroup(spec, kV2, "box").value().delegated_owner, std::optional<uid_t>(100005));
  spec.process.reset();
  EXPECT_FALSE(plan_cgroup(spec, kV2, "box").value().delegated_owner.has_value());
}

TEST(CgroupPlan, DelegationThatIsRefused) {
  for (const char* wrong : {"..", "/..", "../a", "a/../b", "/", "./."}) {
    const Result<CgroupPlan> plan = plan_cgroup(delegating(wrong), kV2, "box");
    ASSERT_FALSE(plan.ok()) << wrong;
    EXPECT_EQ(plan.error().code(), Code::kInvalid);
    EXPECT_EQ(plan.error().parts().object, "/annotations/run.oci.delegate-cgroup");
  }
  EXPECT_FALSE(plan_cgroup(delegating("/" + std::string(3072, 'a')), kV2, "box").ok());
  for (const CgroupLayout& layout : {kV1, kHybrid, CgroupLayout()}) {
    const Result<CgroupPlan> plan = plan_cgroup(delegating("a"), layout, "box");
    ASSERT_FALSE(plan.ok());
    EXPECT_EQ(plan.error().code(), Code::kUnsupported);
    EXPECT_TRUE(plan_cgroup(delegating(""), layout, "box").ok());
  }
}

}  // namespace
}  // namespace estiva
