// SPDX-License-Identifier: Apache-2.0
// The configuration that `spec` writes.
#include <gtest/gtest.h>

#include <algorithm>

#include "estiva/spec/spec.h"

namespace estiva::spec {
namespace {

bool has_namespace(const Spec& spec, NamespaceType type) {
  return std::ranges::any_of(spec.linux->namespaces, [type](const Namespace& ns) { return ns.type == type; });
}

const Mount* find_mount(const Spec& spec, std::string_view destination) {
  for (const Mount& mount : spec.mounts) {
    if (mount.destination == destination) return &mount;
  }
  return nullptr;
}

TEST(DefaultConfig, SurvivesWritingAndLoading) {
  for (const Spec& spec : {default_config(), default_rootless_config(1000, 100)}) {
    const auto loaded = load_config(to_json(spec, Style::kPretty));
    ASSERT_TRUE(loaded.ok()) << loaded.error().to_string();
    EXPECT_TRUE(loaded.value() == spec);
  }
}

// CVE-2016-8867 (ambient), CVE-2022-29162 (inheritable): capabilities that a program inherits although nobody asked.
TEST(DefaultConfig, GivesNoInheritableOrAmbientCapabilities) {
  const Capabilities capabilities = *default_config().process->capabilities;
  EXPECT_EQ(capabilities.bounding.size(), 3u);
  EXPECT_EQ(capabilities.effective, capabilities.bounding);
  EXPECT_EQ(capabilities.permitted, capabilities.bounding);
  EXPECT_TRUE(capabilities.inheritable.empty());
  EXPECT_TRUE(capabilities.ambient.empty());
  EXPECT_TRUE(default_config().process->no_new_privileges);
}

// CVE-2017-16539 (/proc/scsi), CVE-2018-10892 (/proc/acpi), and what tells of other tenants.
TEST(DefaultConfig, MasksWhatLeaks) {
  const std::vector<std::string> masked = default_config().linux->masked_paths;
  for (const char* path : {"/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys",
                           "/proc/latency_stats", "/proc/sched_debug", "/proc/scsi", "/proc/timer_list",
                           "/proc/timer_stats", "/sys/devices/virtual/powercap", "/sys/firmware"}) {
    EXPECT_EQ(std::ranges::count(masked, path), 1) << path;
  }
  EXPECT_EQ(
      default_config().linux->readonly_paths,
      (std::vector<std::string>{"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"}));
}

TEST(DefaultConfig, DeniesAllDevicesFirst) {
  const std::vector<DeviceRule> rules = default_config().linux->resources->devices;
  ASSERT_EQ(rules.size(), 1u);
  EXPECT_FALSE(rules[0].allow);
  EXPECT_EQ(rules[0].access, "rwm");
}

TEST(DefaultConfig, RootlessNeedsNoPrivilege) {
  const Spec spec = default_rootless_config(1000, 100);
  EXPECT_TRUE(has_namespace(spec, NamespaceType::kUser));
  EXPECT_FALSE(has_namespace(spec, NamespaceType::kNetwork));
  EXPECT_EQ(spec.linux->uid_mappings, (std::vector<IdMapping>{{0, 1000, 1}}));
  EXPECT_EQ(spec.linux->gid_mappings, (std::vector<IdMapping>{{0, 100, 1}}));
  EXPECT_FALSE(spec.linux->resources.has_value());
  ASSERT_NE(find_mount(spec, "/sys"), nullptr);
  EXPECT_EQ(find_mount(spec, "/sys")->options.front(), "rbind");
  EXPECT_EQ(find_mount(spec, "/sys/fs/cgroup"), nullptr);
  EXPECT_EQ(std::ranges::count(find_mount(spec, "/dev/pts")->options, "gid=5"), 0)
      << "group 5 has no mapping";
}

TEST(DefaultConfig, PrivilegedHasNoUserNamespace) {
  const Spec spec = default_config();
  EXPECT_FALSE(has_namespace(spec, NamespaceType::kUser));
  EXPECT_EQ(spec.linux->namespaces.size(), 6u);
  EXPECT_EQ(spec.mounts.size(), 7u);
}

}  // namespace
}  // namespace estiva::spec
