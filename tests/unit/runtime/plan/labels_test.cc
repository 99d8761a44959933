// SPDX-License-Identifier: Apache-2.0
// AppArmor profiles, SELinux labels and the annotations, on made-up hosts.
#include <gtest/gtest.h>

#include <algorithm>

#include "runtime/plan/annotations.h"
#include "runtime/plan/plan.h"

namespace estiva {
namespace {

constexpr const char* kLabel = "system_u:system_r:container_t:s0:c1,c2";
constexpr const char* kFileLabel = "system_u:object_r:container_file_t:s0:c1,c2";

HostFacts host(bool selinux, bool apparmor) {
  HostFacts facts;
  facts.cgroups.mode = CgroupMode::kNone;
  facts.apparmor = apparmor;
  facts.selinux.enabled = selinux;
  if (selinux) facts.selinux.labels = {{kLabel, kLabel}, {kFileLabel, kFileLabel}, {"words", kLabel}};
  return facts;
}

// The configuration with these members of process, of linux and of annotations.
struct Parts {
  std::string process, linux_part, annotations;
};

Result<Plan> planned(const Parts& parts, const HostFacts& facts) {
  const std::string config = R"({"ociVersion": "1.3.0", "root": {"path": "rootfs"}, "mounts": [)"
                             R"({"destination": "/proc", "type": "proc"},)"
                             R"({"destination": "/dev", "type": "tmpfs", "options": ["mode=755"]},)"
                             R"({"destination": "/dev/mqueue", "type": "mqueue"},)"
                             R"({"destination": "/own", "type": "tmpfs", "options": ["rootcontext=mine"]},)"
                             R"({"destination": "/bound", "source": "/", "options": ["bind"]}],)"
                             R"("process": {"cwd": "/", "args": ["a"], "user": {"uid": 0, "gid": 0, )"
                             R"("additionalGids": [5]})" +
                             (parts.process.empty() ? "" : ", " + parts.process) +
                             R"(}, "linux": {"namespaces": [{"type": "mount"}])" +
                             (parts.linux_part.empty() ? "" : ", " + parts.linux_part) +
                             R"(}, "annotations": {)" + parts.annotations + "}}";
  const spec::Spec spec = TRY(spec::load_config(config));
  const RunOptions options{.id = "test", .bundle = "/bundle"};
  return make_plan(spec, facts, options);
}

std::string refusal(const Parts& parts, const HostFacts& facts) {
  const Result<Plan> plan = planned(parts, facts);
  return plan.ok() ? "taken" : plan.error().to_string();
}

std::string option_of(const MountStep& step, const std::string& key) {
  for (const FsOption& option : step.options) {
    if (option.key == key) return option.value;
  }
  return "";
}

TEST(Labels, OfAProcessNeedTheirSecurityModule) {
  const std::string profile = R"("apparmorProfile": "box")";
  const std::string label = std::string(R"("selinuxLabel": ")") + kLabel + "\"";
  EXPECT_EQ(refusal({profile, "", ""}, host(true, false)).substr(0, 67),
            "/process/apparmorProfile: this kernel has no AppArmor, or it is off");
  EXPECT_EQ(refusal({label, "", ""}, host(false, true)).substr(0, 63),
            "/process/selinuxLabel: this kernel has no SELinux, or it is off");
  const Result<Plan> plan = planned({profile + ", " + label, "", ""}, host(true, true));
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(plan.value().process->apparmor_profile, "box");
  EXPECT_EQ(plan.value().process->selinux_label, kLabel);
}

TEST(Labels, AreWhatTheKernelCallsThem) {
  const Result<Plan> plan = planned({R"("selinuxLabel": "words")", "", ""}, host(true, true));
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(plan.value().process->selinux_label, kLabel);
  EXPECT_EQ(refusal({R"("selinuxLabel": "a:b:c:s0")", "", ""}, host(true, true)),
            "/process/selinuxLabel: \"a:b:c:s0\" is no label of the policy that is loaded");
  HostFacts blind = host(true, true);
  blind.selinux.problem = "this build has no libselinux";
  EXPECT_EQ(refusal({R"("selinuxLabel": "words")", "", ""}, blind),
            "/process/selinuxLabel: this build has no libselinux");
  EXPECT_EQ(refusal({R"("apparmorProfile": "a\nchangehat b")", "", ""}, host(true, true)),
            "/process/apparmorProfile: \"a\\x0achangehat b\" has control characters");
}

TEST(Labels, OfMountsGoWhereAFileSystemTakesThem) {
  const std::string label = std::string(R"("mountLabel": ")") + kFileLabel + "\"";
  const Result<Plan> plan = planned({"", label, ""}, host(true, true));
  ASSERT_TRUE(plan.ok());
  const auto mount = [&](size_t i) -> const MountStep& { return plan.value().rootfs.mounts[i].mount; };
  EXPECT_EQ(option_of(mount(0), "context"), "");
  EXPECT_EQ(option_of(mount(1), "context"), kFileLabel);
  EXPECT_EQ(option_of(mount(2), "context"), "");
  EXPECT_EQ(mount(2).label, kFileLabel);
  EXPECT_EQ(option_of(mount(3), "context"), "");
  EXPECT_EQ(option_of(mount(3), "rootcontext"), "mine");
  EXPECT_EQ(mount(4).options.size(), 0u);
  EXPECT_EQ(plan.value().rootfs.mount_context->value, kFileLabel);
}

TEST(Labels, OfMountsMeanNothingWithoutSelinux) {
  const Result<Plan> plan = planned({"", R"("mountLabel": "a:b:c:s0")", ""}, host(false, true));
  ASSERT_TRUE(plan.ok());
  ASSERT_EQ(plan.value().warnings.size(), 1u);
  EXPECT_EQ(plan.value().warnings[0], "/linux/mountLabel: this kernel has no SELinux, it is ignored");
  EXPECT_FALSE(plan.value().rootfs.mount_context);
  EXPECT_EQ(refusal({"", R"("mountLabel": "a:b:c:s0")", ""}, host(true, true)),
            "/linux/mountLabel: \"a:b:c:s0\" is no label of the policy that is loaded");
}

TEST(Annotations, TheKindOfContext) {
  const std::string label = std::string(R"("mountLabel": ")") + kFileLabel + "\"";
  const Result<Plan> plan =
      planned({"", label, R"("run.oci.mount_context_type": "fscontext")"}, host(true, true));
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(option_of(plan.value().rootfs.mounts[1].mount, "fscontext"), kFileLabel);
  EXPECT_EQ(refusal({"", "", R"("run.oci.mount_context_type": "other")"}, host(true, true)),
            "/annotations/run.oci.mount_context_type: \"other\" is no kind of context "
            "(context, fscontext, defcontext, rootcontext)");
}

TEST(Annotations, KeepTheCallersGroups) {
  const Result<Plan> plan = planned({"", "", R"("run.oci.keep_original_groups": "1")"}, host(false, false));
  ASSERT_TRUE(plan.ok());
  EXPECT_FALSE(plan.value().process->set_groups);
  EXPECT_TRUE(plan.value().process->additional_gids.empty());
  ASSERT_EQ(plan.value().warnings.size(), 1u);
  const Result<Plan> off = planned({"", "", R"("run.oci.keep_original_groups": "0")"}, host(false, false));
  ASSERT_TRUE(off.ok());
  EXPECT_TRUE(off.value().process->set_groups);
}

TEST(Annotations, WhatIsNotDoneIsRefusedByName) {
  for (const char* name :
       {"run.oci.handler", "module.wasm.image/variant", "krun.cpus", "run.oci.systemd.force_cgroup_v1"}) {
    const std::string text = refusal({"", "", std::string("\"") + name + "\": \"x\""}, host(false, false));
    EXPECT_TRUE(text.starts_with("/annotations/")) << text;
  }
  EXPECT_EQ(
      refusal({"", "", R"("module.wasm.image/variant": "compat")"}, host(false, false)),
      "/annotations/module.wasm.image~1variant: this runtime starts programs itself and has no handlers");
  EXPECT_EQ(refusal({"", "", R"("run.oci.hooks.stdout": "log")"}, host(false, false)),
            "/annotations/run.oci.hooks.stdout: \"log\" is not absolute");
  for (const char* name : {"org.systemd.property.TimeoutStopUSec", "org.criu.config", "com.example.mine"}) {
    EXPECT_EQ(refusal({"", "", std::string("\"") + name + "\": \"x\""}, host(false, false)), "taken") << name;
  }
}

TEST(Annotations, EachIsFoundByItsName) {
  for (const annotations::Annotation& one : annotations::all()) {
    const bool prefix = one.name.ends_with('.') || one.name.ends_with('/');
    EXPECT_EQ(annotations::find(std::string(one.name) + (prefix ? "x" : "")), &one) << one.name;
    EXPECT_EQ(annotations::find(std::string(one.name) + "x") == &one, prefix) << one.name;
  }
}

}  // namespace
}  // namespace estiva
