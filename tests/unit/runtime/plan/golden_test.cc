// SPDX-License-Identifier: Apache-2.0
// What `estiva plan` prints for whole configurations on a made-up host, against golden/NAME.txt. The configurations are
// golden/NAME.json, one a subject, and those in oci-spec/ that engines write. A host is named by the file's last word.
// UPDATE_GOLDEN=1 make check-unit GTEST_ARGS='--gtest_filter=Golden.*'   renews the texts; git diff shows the change.
#include <gtest/gtest.h>

#include "estiva/spec/spec.h"
#include "runtime/plan/plan.h"
#include "spec/samples.h"

namespace estiva {
namespace {

namespace fs = std::filesystem;

fs::path golden() { return samples::directory() / "../tests/unit/runtime/plan/golden"; }

CgroupLayout v1_layout() {
  CgroupLayout layout{.mode = CgroupMode::kV1};
  for (const char* name : {"memory", "cpuset", "pids", "blkio", "devices", "freezer"})
    layout.hierarchies.push_back({std::string("/sys/fs/cgroup/") + name, {name}, false});
  layout.hierarchies.push_back({"/sys/fs/cgroup/cpu,cpuacct", {"cpu", "cpuacct"}, false});
  return layout;
}

HostFacts host(const std::string& name) {
  HostFacts facts;
  facts.apparmor = true;
  facts.cgroups = {CgroupMode::kV2,
                   {{"/sys/fs/cgroup", {"cpuset", "cpu", "io", "memory", "hugetlb", "pids"}, true}}};
  if (name == "v1") facts.cgroups = v1_layout();
  if (name == "user") {
    facts.euid = 1000;
    facts.capabilities = 0;
  }
  return facts;
}

std::string planned(const std::string& config, const HostFacts& facts) {
  const Result<spec::Spec> spec = spec::load_config(config);
  if (!spec.ok()) return "refused: " + spec.error().to_string() + "\n";
  RunOptions options;
  options.id = "golden";
  options.bundle = "/bundle";
  options.detached = false;
  const Result<Plan> plan = make_plan(spec.value(), facts, options);
  return plan.ok() ? to_text(plan.value()) : "refused: " + plan.error().to_string() + "\n";
}

void check(const std::string& name, const std::string& text) {
  const fs::path file = golden() / (name + ".txt");
  if (std::getenv("UPDATE_GOLDEN") != nullptr) {
    std::ofstream(file) << text;
    return;
  }
  EXPECT_EQ(text, samples::read(file)) << file << "; UPDATE_GOLDEN=1 renews it";
}

TEST(Golden, ASubjectEach) {
  size_t count = 0;
  for (const auto& entry : fs::directory_iterator(golden())) {
    if (entry.path().extension() != ".json") continue;
    ++count;
    check(entry.path().stem(), planned(samples::read(entry.path()), host("")));
  }
  EXPECT_GE(count, 7u);
}

TEST(Golden, WhatEnginesWrite) {
  for (const char* engine : {"docker-like", "podman-like", "kubernetes-like"}) {
    const std::string config =
        samples::read(samples::directory() / "good/config" / (std::string(engine) + ".json"));
    for (const char* where : {"v1", "v2"})
      check(std::string(engine) + "-" + where, planned(config, host(where)));
  }
}

TEST(Golden, OurOwnConfigurations) {
  check("default-v2", planned(spec::to_json(spec::default_config()), host("v2")));
  check("rootless-user", planned(spec::to_json(spec::default_rootless_config(1000, 1000)), host("user")));
}

// A text without a test that writes it would be believed for ever.
TEST(Golden, EachTextIsOfATest) {
  for (const auto& entry : fs::directory_iterator(golden())) {
    const std::string name = entry.path().stem();
    fs::path config = entry.path();
    const bool own = name.ends_with("-v1") || name.ends_with("-v2") || name.ends_with("-user");
    EXPECT_TRUE(own || fs::exists(config.replace_extension(".json"))) << entry.path();
  }
}

}  // namespace
}  // namespace estiva
