// SPDX-License-Identifier: Apache-2.0
// The plan of exec: what comes from the container, from a document, from options; what is refused and in which terms.
#include "runtime/plan/exec.h"

#include <gtest/gtest.h>
#include <sched.h>

namespace estiva {
namespace {

constexpr uint64_t kNetRaw = uint64_t{1} << 13;  // capabilities(7)

ExecDefaults container() {
  ExecDefaults kept;
  spec::Process& process = kept.process.emplace();
  process.cwd = "/work";
  process.env = {"PATH=/bin", "HOME=/root", "A=1"};
  process.user = {.uid = 7, .gid = 8, .umask = 077, .additional_gids = {9}};
  process.capabilities.emplace().bounding = {"CAP_KILL"};
  process.no_new_privileges = true;
  process.terminal = true;
  process.rlimits = {{"RLIMIT_NOFILE", 5, 6}};
  kept.linux.namespaces = {{spec::NamespaceType::kMount, ""}, {spec::NamespaceType::kPid, ""}};
  return kept;
}

ExecOptions options() {
  ExecOptions given;
  given.run.id = "x";
  given.args = {"true"};
  return given;
}

Result<ExecPlan> plan(const ExecOptions& given, const ExecDefaults& kept = container()) {
  return plan_exec(kept, ContainerFacts{42, CLONE_NEWNS | CLONE_NEWPID}, HostFacts(), given);
}

ProcessPlan process(const ExecOptions& given) {
  Result<ExecPlan> planned = plan(given);
  EXPECT_TRUE(planned.ok()) << planned.error().to_string();
  return planned.ok() ? *planned.value().shared.process : ProcessPlan();
}

std::string refused(const ExecOptions& given, const ExecDefaults& kept = container()) {
  const Result<ExecPlan> planned = plan(given, kept);
  return planned.ok() ? "taken" : planned.error().to_string();
}

TEST(PlanExec, TakesAfterTheContainer) {
  const ProcessPlan steps = process(options());
  EXPECT_EQ(steps.cwd, "/work");
  EXPECT_EQ(steps.env, (std::vector<std::string>{"PATH=/bin", "HOME=/root", "A=1"}));
  EXPECT_EQ(steps.uid, 7u);
  EXPECT_EQ(steps.gid, 8u);
  EXPECT_EQ(steps.umask, 077u);
  EXPECT_EQ(steps.additional_gids, std::vector<gid_t>{9});
  EXPECT_TRUE(steps.no_new_privileges);
  EXPECT_FALSE(steps.terminal) << "only --tty gives one";
  ASSERT_EQ(steps.rlimits.size(), 1u);
  EXPECT_EQ(steps.rlimits[0].hard, 6u);
}

TEST(PlanExec, JoinsWhatDiffers) {
  const Result<ExecPlan> planned = plan(options());
  ASSERT_TRUE(planned.ok());
  const std::vector<NamespaceJoin>& joins = planned.value().shared.namespaces.join;
  ASSERT_EQ(joins.size(), 2u);
  EXPECT_EQ(joins[0].path, "/proc/42/ns/pid");
  EXPECT_EQ(joins[1].path, "/proc/42/ns/mnt");
  EXPECT_FALSE(planned.value().enters_root);
  ExecDefaults joined = container();
  joined.linux.namespaces[0].path = "/run/ns";
  EXPECT_TRUE(plan(options(), joined).value().enters_root);
}

// CVE-2026-30892: "1" became 0:0.
TEST(PlanExec, UserTable) {
  const struct {
    const char* text;
    uid_t uid;
    gid_t gid;
  } kGood[] = {{"1", 1, 8},
               {"0", 0, 8},
               {"65534", 65534, 8},
               {"1:2", 1, 2},
               {"0:0", 0, 0},
               {"4294967294", 4294967294u, 8},
               {"4294967294:4294967294", 4294967294u, 4294967294u}};
  for (const auto& [text, uid, gid] : kGood) {
    ExecOptions given = options();
    given.user = text;
    const ProcessPlan steps = process(given);
    EXPECT_EQ(steps.uid, uid) << text;
    EXPECT_EQ(steps.gid, gid) << text;
  }
  for (const char* text : {"-1", "1:", ":", ":1", "a", "1x", "1:x", "4294967295", "1:4294967295",
                           "99999999999", " 1", "1 ", "+1", "0x1", "1:2:3", "root", ""}) {
    ExecOptions given = options();
    given.user = text;
    EXPECT_EQ(refused(given).substr(0, 8), "--user: ") << text;
  }
}

// CVE-2022-29162.
TEST(PlanExec, CapabilitiesAreNeverInheritable) {
  ExecOptions given = options();
  given.capabilities = {"CAP_NET_RAW"};
  const CapabilitySets sets = process(given).capabilities;
  EXPECT_EQ(sets.bounding & kNetRaw, kNetRaw);
  EXPECT_EQ(sets.permitted, kNetRaw);
  EXPECT_EQ(sets.effective, kNetRaw);
  EXPECT_EQ(sets.inheritable | sets.ambient, 0u);
  ExecDefaults kept = container();
  kept.process->capabilities->inheritable = {"CAP_NET_RAW"};
  EXPECT_EQ(plan(given, kept).value().shared.process->capabilities.ambient, kNetRaw);
  given.capabilities = {"CAP_NONSENSE"};
  EXPECT_EQ(refused(given), "--cap: \"CAP_NONSENSE\" is no capability");
}

// capset(2) refuses it; config.md wants a warning.
TEST(PlanExec, NothingIsInheritableThatTheBoundingSetLacks) {
  ExecOptions given = options();
  given.args.clear();
  given.document = container().process;
  given.document->args = {"true"};
  given.document->terminal = false;
  given.document->capabilities.emplace().inheritable = {"CAP_NET_RAW"};
  const Plan shared = plan(given).value().shared;
  EXPECT_EQ(shared.process->capabilities.inheritable, 0u);
  ASSERT_EQ(shared.warnings.size(), 1u);
  EXPECT_EQ(shared.warnings[0],
            "/process/capabilities/inheritable: CAP_NET_RAW is not in the bounding set, ignored");
}

TEST(PlanExec, WarnsOfNewCapabilitiesOnly) {
  ExecDefaults kept = container();
  kept.process->capabilities->bounding = {"CAP_UNHEARD_OF"};
  EXPECT_TRUE(plan(options(), kept).value().shared.warnings.empty());
  ExecOptions given = options();
  given.args.clear();
  given.document = kept.process;
  given.document->args = {"true"};
  given.document->terminal = false;
  EXPECT_EQ(plan(given, kept).value().shared.warnings.size(), 1u);
}

TEST(PlanExec, ADocumentTakesAfterTheContainerWhereItIsSilent) {
  ExecOptions given = options();
  given.args.clear();
  given.document_path = "p.json";
  spec::Process& document = given.document.emplace();
  document.cwd = "/";
  document.args = {"id"};
  const ProcessPlan steps = process(given);
  EXPECT_EQ(steps.args, std::vector<std::string>{"id"});
  EXPECT_EQ(steps.uid, 0u);
  EXPECT_TRUE(steps.env.empty());
  EXPECT_TRUE(steps.home_missing);
  EXPECT_FALSE(steps.no_new_privileges);
  EXPECT_EQ(steps.umask, 077u);
  EXPECT_EQ(steps.rlimits.size(), 1u);
  EXPECT_EQ(steps.capabilities.bounding, uint64_t{1} << 5);
  document.env = {"nonsense"};
  EXPECT_EQ(refused(given), "/env/0: p.json: \"nonsense\" is not NAME=VALUE");
  document.env.clear();
  given.args = {"true"};
  EXPECT_EQ(refused(given), "--process: and a program with arguments exclude each other");
}

TEST(PlanExec, ErrorsNameTheOption) {
  ExecOptions given = options();
  given.cwd = "relative";
  EXPECT_EQ(refused(given), "--cwd: is not absolute");
  given = options();
  given.env = {"x"};
  EXPECT_EQ(refused(given), "--env: \"x\" is not NAME=VALUE");
  given = options();
  given.terminal = true;
  EXPECT_EQ(refused(given).substr(0, 7), "--tty: ");
  given = options();
  given.additional_gids = {4294967295};
  EXPECT_EQ(refused(given), "--additional-gids: is out of range");
  ExecDefaults none = container();
  none.process.reset();
  EXPECT_NE(refused(options(), none).find("no process"), std::string::npos);
  ExecDefaults odd = container();
  odd.process->cwd = "odd";
  EXPECT_EQ(refused(options(), odd), "/process/cwd: is not absolute")
      << "the configuration's, not an option's";
}

TEST(PlanExec, LabelsAreRefusedAsInTheConfiguration) {
  ExecOptions given = options();
  given.selinux_label = "a:b:c:d";
  EXPECT_EQ(refused(given).substr(0, 17), "--process-label: ");
}

std::string sub_cgroups(const std::vector<std::string>& arguments) {
  const Result<std::vector<SubCgroup>> planned = plan_sub_cgroups(arguments);
  if (!planned.ok()) return planned.error().to_string();
  std::string out;
  for (const SubCgroup& one : planned.value()) out += one.controller + "=" + one.path + ";";
  return out;
}

TEST(PlanExec, SubCgroups) {
  EXPECT_EQ(sub_cgroups({}), "");
  EXPECT_EQ(sub_cgroups({"a"}), "=/a;");
  EXPECT_EQ(sub_cgroups({"/"}), "=;");
  EXPECT_EQ(sub_cgroups({"/a//b/./c/"}), "=/a/b/c;");
  EXPECT_EQ(sub_cgroups({"a/../b"}), "=/b;");
  EXPECT_EQ(sub_cgroups({"pids:a"}), "pids=/a;");
  EXPECT_EQ(sub_cgroups({"cpu,cpuacct:a", "pids:/b"}), "cpu=/a;cpuacct=/a;pids=/b;");
  EXPECT_EQ(sub_cgroups({"name=systemd:a"}), "name=systemd=/a;");
}

TEST(PlanExec, SubCgroupsThatLeadOutAreRefused) {
  for (const char* argument : {"..", "../x-other", "a/../..", "/..", "pids:../x", "a/../../x/a"})
    EXPECT_NE(sub_cgroups({argument}).find("leads out of the container's cgroup"), std::string::npos)
        << argument;
}

TEST(PlanExec, SubCgroupsThatContradictAreRefused) {
  EXPECT_NE(sub_cgroups({"a", "b"}).find("has no controller"), std::string::npos);
  EXPECT_NE(sub_cgroups({"pids:a", "b"}).find("has no controller"), std::string::npos);
  EXPECT_NE(sub_cgroups({"pids:a", "pids:b"}).find("second path"), std::string::npos);
  EXPECT_NE(sub_cgroups({",pids:a"}).find("empty controller"), std::string::npos);
  EXPECT_NE(sub_cgroups({":a"}).find("empty controller"), std::string::npos);
}

// Of a container whose cgroup is to have no processes.
TEST(PlanExec, FollowsTheInitIntoADelegatedCgroup) {
  ContainerFacts facts{42, CLONE_NEWNS | CLONE_NEWPID};
  ExecOptions given = options();
  const auto follows = [&] { return plan_exec(container(), facts, HostFacts(), given).value().follows_init; };
  EXPECT_FALSE(follows());
  facts.annotations = {{"run.oci.delegate-cgroup", ""}};
  EXPECT_FALSE(follows());
  facts.annotations = {{"run.oci.delegate-cgroup", "a"}};
  EXPECT_TRUE(follows());
  given.cgroups = {"b"};
  EXPECT_FALSE(follows());
}

}  // namespace
}  // namespace estiva
