// SPDX-License-Identifier: Apache-2.0
// What is refused of scheduler, io priority, CPU and memory lists: by which name, and why.
#include <gtest/gtest.h>

#include "runtime/plan/names.h"
#include "runtime/plan/plan.h"

namespace estiva {
namespace {

Result<Plan> planned(const std::string& process, const std::string& linux_part) {
  const std::string config =
      R"({"ociVersion": "1.3.0", "root": {"path": "rootfs"}, "process": {"cwd": "/", "args": ["a"],)"
      R"("user": {"uid": 0, "gid": 0})" +
      (process.empty() ? "" : ", " + process) + R"(}, "linux": {)" + linux_part + "}}";
  const spec::Spec spec = TRY(spec::load_config(config));
  HostFacts facts;
  facts.cgroups.mode = CgroupMode::kNone;
  RunOptions options{.id = "test", .bundle = "/bundle"};
  return make_plan(spec, facts, options);
}

std::string refusal(const std::string& process, const std::string& linux_part = "") {
  const Result<Plan> plan = planned(process, linux_part);
  return plan.ok() ? "taken" : plan.error().to_string();
}

std::string scheduler(const std::string& members) { return refusal("\"scheduler\": {" + members + "}"); }
std::string memory(const std::string& members) { return refusal("", "\"memoryPolicy\": {" + members + "}"); }

TEST(Scheduling, PoliciesAndFlagsByName) {
  for (const names::Value& policy : names::scheduler_policies()) {
    std::string members = "\"policy\": \"" + std::string(policy.name) + "\"";
    if (policy.number == names::kSchedFifo || policy.number == names::kSchedRr)
      members += ", \"priority\": 1";
    if (policy.number == names::kSchedDeadline) members += R"(, "runtime": 1024, "deadline": 1024)";
    EXPECT_EQ(scheduler(members), "taken") << policy.name;
  }
  for (const names::Value& flag : names::scheduler_flags()) {
    EXPECT_EQ(scheduler(R"("policy": "SCHED_OTHER", "flags": [")" + std::string(flag.name) + "\"]"), "taken");
  }
  EXPECT_EQ(scheduler(R"("policy": "SCHED_FIFI")"),
            "/process/scheduler/policy: \"SCHED_FIFI\" is unknown (did you mean SCHED_FIFO?)");
  EXPECT_EQ(scheduler(R"("policy": "SCHED_OTHER", "flags": ["SCHED_FLAG_RECLAIM", "x"])").substr(0, 44),
            "/process/scheduler/flags/1: \"x\" is unknown (");
}

TEST(Scheduling, ValuesThatThePolicyDoesNotHave) {
  EXPECT_EQ(scheduler(R"("policy": "SCHED_OTHER", "nice": 20)"),
            "/process/scheduler/nice: 20 is not between -20 and 19");
  EXPECT_EQ(scheduler(R"("policy": "SCHED_OTHER", "priority": 1)"),
            "/process/scheduler/priority: is for SCHED_FIFO and SCHED_RR, not for SCHED_OTHER");
  EXPECT_EQ(scheduler(R"("policy": "SCHED_FIFO")"),
            "/process/scheduler/priority: 0 is not between 1 and 99, as SCHED_FIFO needs it");
  EXPECT_EQ(scheduler(R"("policy": "SCHED_RR", "priority": 100)"),
            "/process/scheduler/priority: 100 is not between 1 and 99, as SCHED_RR needs it");
  EXPECT_EQ(scheduler(R"("policy": "SCHED_RR", "priority": 1, "period": 5)"),
            "/process/scheduler/period: is for SCHED_DEADLINE, not for SCHED_RR");
}

TEST(Scheduling, Deadlines) {
  const std::string policy = R"("policy": "SCHED_DEADLINE")";
  EXPECT_EQ(scheduler(policy), "/process/scheduler/deadline: is required for SCHED_DEADLINE");
  EXPECT_EQ(scheduler(policy + R"(, "deadline": 5000)"),
            "/process/scheduler/runtime: is below 1024 nanoseconds");
  EXPECT_EQ(scheduler(policy + R"(, "deadline": 5000, "runtime": 5001)"),
            "/process/scheduler/runtime: is above the deadline");
  EXPECT_EQ(scheduler(policy + R"(, "deadline": 5000, "runtime": 5000, "period": 4999)"),
            "/process/scheduler/deadline: is above the period");
  EXPECT_EQ(scheduler(policy + R"(, "flags": ["SCHED_FLAG_KEEP_PARAMS"])"), "taken");
}

TEST(Scheduling, NiceWithoutMeaningIsAWarning) {
  const Result<Plan> plan = planned(R"("scheduler": {"policy": "SCHED_IDLE", "nice": 3})", "");
  ASSERT_TRUE(plan.ok());
  ASSERT_EQ(plan.value().warnings.size(), 1u);
  EXPECT_EQ(plan.value().warnings[0], "/process/scheduler/nice: means nothing to SCHED_IDLE, ignored");
}

TEST(Scheduling, IoPriority) {
  EXPECT_EQ(refusal(R"("ioPriority": {"class": "IOPRIO_CLASS_BEST", "priority": 1})"),
            "/process/ioPriority/class: \"IOPRIO_CLASS_BEST\" is unknown (did you mean IOPRIO_CLASS_BE?)");
  EXPECT_EQ(refusal(R"("ioPriority": {"class": "IOPRIO_CLASS_BE", "priority": 8})"),
            "/process/ioPriority/priority: 8 is not between 0 and 7");
  const Result<Plan> plan = planned(R"("ioPriority": {"class": "IOPRIO_CLASS_IDLE", "priority": 7})", "");
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(plan.value().process->io_priority, 0x6007);
}

TEST(Scheduling, MemoryPolicies) {
  EXPECT_EQ(memory(R"("mode": "MPOL_BINDS", "nodes": "0")"),
            "/linux/memoryPolicy/mode: \"MPOL_BINDS\" is unknown (did you mean MPOL_BIND?)");
  EXPECT_EQ(memory(R"("mode": "MPOL_BIND")"), "/linux/memoryPolicy/nodes: is required for MPOL_BIND");
  EXPECT_EQ(memory(R"("mode": "MPOL_LOCAL", "nodes": "0")"),
            "/linux/memoryPolicy/nodes: must be empty for MPOL_LOCAL");
  EXPECT_EQ(memory(R"("mode": "MPOL_PREFERRED")"), "taken");
  EXPECT_EQ(memory(R"("mode": "MPOL_PREFERRED", "flags": ["MPOL_F_STATIC_NODES"])"),
            "/linux/memoryPolicy/flags: MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES need nodes");
  EXPECT_EQ(
      memory(
          R"("mode": "MPOL_BIND", "nodes": "0", "flags": ["MPOL_F_STATIC_NODES", "MPOL_F_RELATIVE_NODES"])"),
      "/linux/memoryPolicy/flags: MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES exclude each other");
  EXPECT_EQ(memory(R"("mode": "MPOL_INTERLEAVE", "nodes": "0", "flags": ["MPOL_F_NUMA_BALANCING"])"),
            "/linux/memoryPolicy/flags: MPOL_F_NUMA_BALANCING is for MPOL_BIND and MPOL_PREFERRED_MANY");
  EXPECT_EQ(memory(R"("mode": "MPOL_BIND", "nodes": "1024")"),
            "/linux/memoryPolicy/nodes: 1024 is above 1023");
}

TEST(NumberList, TextToBitsAndBack) {
  const auto read = [](std::string_view text) {
    const Result<NumberSet> set = plan::read_numbers(text, 65536, "/list");
    return set.ok() ? plan::print_numbers(set.value()) : set.error().to_string();
  };
  EXPECT_EQ(read(""), "");
  EXPECT_EQ(read("0"), "0");
  EXPECT_EQ(read("7,0-3"), "0-3,7");
  EXPECT_EQ(read(" 1 , 2 - 4 ,, 5"), "1-5");
  EXPECT_EQ(read("63-64,128"), "63-64,128");
  EXPECT_EQ(read("65535"), "65535");
  EXPECT_EQ(read("65536"), "/list: 65536 is above 65535");
  for (const char* bad : {"3-1", "-1", "1-", "a", "1-2-3", "0x1", "1;2", "99999999999999999999"}) {
    EXPECT_EQ(read(bad).substr(0, 7), "/list: ") << bad;
  }
}

}  // namespace
}  // namespace estiva
