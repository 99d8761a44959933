// SPDX-License-Identifier: Apache-2.0
// The annotations about seccomp: who names the agent, filters that are given as they are, names that must be known.
#include <gtest/gtest.h>
#include <linux/seccomp.h>

#include <initializer_list>

#include "estiva/base/base64.h"
#include "runtime/parent/seccomp.h"
#include "runtime/plan/annotations.h"
#include "runtime/plan/parts.h"

namespace estiva {
namespace {

constexpr const char* kNotifies =
    R"({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["kcmp"], "action": "SCMP_ACT_NOTIFY"}]})";
constexpr const char* kAllows = R"({"defaultAction": "SCMP_ACT_ALLOW"})";

constexpr sock_filter kAllow = {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW};
constexpr sock_filter kNotify = {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_USER_NOTIF};
constexpr sock_filter kComputed = {BPF_RET | BPF_A, 0, 0, 0};
// What only looks like an answer for the agent.
constexpr sock_filter kLoad = {BPF_LD | BPF_IMM, 0, 0, SECCOMP_RET_USER_NOTIF};

std::string encoded(std::initializer_list<sock_filter> program) {
  return to_base64({reinterpret_cast<const char*>(program.begin()), program.size() * sizeof(sock_filter)});
}

struct Given {
  std::string profile;  // empty: none
  std::map<std::string, std::string> annotations;
  std::string variable;  // RUN_OCI_SECCOMP_RECEIVER
};

Result<Plan> planned(const Given& given) {
  spec::Spec spec = TRY(spec::load_config(
      R"({"ociVersion": "1.3.0", "root": {"path": "rootfs"}, "process": {"cwd": "/", "args": ["a"],)"
      R"("user": {"uid": 0, "gid": 0}}, "linux": {"namespaces": [{"type": "mount"}])" +
      (given.profile.empty() ? "" : ", \"seccomp\": " + given.profile) + "}}"));
  spec.annotations = given.annotations;
  HostFacts host;
  host.cgroups.mode = CgroupMode::kNone;
  RunOptions options{.id = "test", .bundle = "/bundle"};
  options.seccomp_receiver = given.variable;
  return make_plan(spec, host, options);
}

// The agent's path, "none", or the refusal.
std::string agent(const Given& given) {
  const Result<Plan> plan = planned(given);
  if (!plan.ok()) return plan.error().to_string();
  const SeccompPlan& seccomp = *plan.value().seccomp;
  EXPECT_EQ(plan.value().exec.linux.seccomp->listener_path, seccomp.profile.listener_path);
  return seccomp.profile.listener_path.empty()
             ? "none"
             : seccomp.profile.listener_path + " by " + seccomp.agent_object;
}

const std::string kReceiver(annotations::kSeccompReceiver);
const std::string kProgram(annotations::kSeccompProgram);
const std::string kKnown(annotations::kSeccompKnownCalls);

TEST(SeccompAnnotations, TheAgentIsNamedByTheProfileThenTheAnnotationThenTheVariable) {
  const std::string named = std::string(kNotifies).replace(1, 0, R"("listenerPath": "/profile", )");
  EXPECT_EQ(agent({named, {{kReceiver, "/annotation"}}, "/variable"}),
            "/profile by /linux/seccomp/listenerPath");
  EXPECT_EQ(agent({kNotifies, {{kReceiver, "/annotation"}}, "/variable"}),
            "/annotation by /annotations/run.oci.seccomp.receiver");
  EXPECT_EQ(agent({kNotifies, {}, "/variable"}), "/variable by RUN_OCI_SECCOMP_RECEIVER");
  EXPECT_EQ(agent({kNotifies, {}, ""}), "/linux/seccomp/listenerPath: is required for SCMP_ACT_NOTIFY");
}

TEST(SeccompAnnotations, AnAgentWithoutUseIsNone) {
  EXPECT_EQ(agent({kAllows, {{kReceiver, "/annotation"}}, "/variable"}), "none");
  EXPECT_EQ(agent({kAllows, {}, "relative"}), "none");
  const Result<Plan> without = planned({"", {{kReceiver, "/annotation"}}, "relative"});
  ASSERT_TRUE(without.ok());
  EXPECT_FALSE(without.value().seccomp);
}

TEST(SeccompAnnotations, ARelativeAgentIsRefusedByWhoNamesIt) {
  EXPECT_EQ(agent({kNotifies, {}, "relative"}),
            "RUN_OCI_SECCOMP_RECEIVER: \"relative\" is not an absolute path");
  EXPECT_EQ(agent({kNotifies, {{kReceiver, "relative"}}, "/variable"}),
            "/annotations/run.oci.seccomp.receiver: \"relative\" is not absolute");
  EXPECT_EQ(agent({kNotifies, {{kReceiver, ""}}, "/variable"}),
            "/annotations/run.oci.seccomp.receiver: \"\" is not absolute");
}

TEST(SeccompAnnotations, AProgramTakesThePlaceOfTheRules) {
  const Result<Plan> alone = planned({"", {{kProgram, encoded({kLoad, kAllow})}}, ""});
  ASSERT_TRUE(alone.ok());
  ASSERT_TRUE(alone.value().seccomp);
  EXPECT_EQ(alone.value().seccomp->program.size(), 2u);
  EXPECT_EQ(alone.value().seccomp->program[0].k, kLoad.k);
  EXPECT_TRUE(alone.value().warnings.empty());
  EXPECT_TRUE(alone.value().exec.linux.seccomp) << "exec has to know that there is a filter";

  const std::string profile = R"({"defaultAction": "SCMP_ACT_NOTIFY", "flags": ["SECCOMP_FILTER_FLAG_LOG"]})";
  const Result<Plan> both = planned({profile, {{kProgram, encoded({kAllow})}}, ""});
  ASSERT_TRUE(both.ok()) << both.error().to_string();
  EXPECT_EQ(both.value().warnings.size(), 1u);
  EXPECT_EQ(both.value().seccomp->profile.flags->size(), 1u);
  const Result<std::vector<sock_filter>> filter = make_filter(*both.value().seccomp);
  ASSERT_TRUE(filter.ok());
  ASSERT_EQ(filter.value().size(), 1u);
  EXPECT_EQ(filter.value()[0].k, kAllow.k);
}

TEST(SeccompAnnotations, AProgramsUseOfTheAgent) {
  EXPECT_EQ(plan::agent_use({kLoad, kAllow}), plan::AgentUse::kNone);
  EXPECT_EQ(plan::agent_use({kLoad, kComputed}), plan::AgentUse::kPossible);
  EXPECT_EQ(plan::agent_use({kComputed, kAllow, kNotify}), plan::AgentUse::kCertain);
  const auto with = [](sock_filter last, const std::string& variable) {
    return agent({"", {{kProgram, encoded({kLoad, last})}}, variable});
  };
  EXPECT_EQ(with(kAllow, "/agent"), "none");
  EXPECT_EQ(with(kComputed, "/agent"), "/agent by RUN_OCI_SECCOMP_RECEIVER");
  EXPECT_EQ(with(kComputed, ""), "none");
  EXPECT_EQ(with(kNotify, "/agent"), "/agent by RUN_OCI_SECCOMP_RECEIVER");
  EXPECT_EQ(with(kNotify, ""), "/linux/seccomp/listenerPath: is required for SCMP_ACT_NOTIFY");
}

TEST(SeccompAnnotations, TheFormOfAProgram) {
  const std::string one(reinterpret_cast<const char*>(&kAllow), sizeof kAllow);
  std::string most;
  for (int i = 0; i < BPF_MAXINSNS; ++i) most += one;
  EXPECT_EQ(plan::read_seccomp_program(to_base64(most)).value().size(), size_t{BPF_MAXINSNS});
  const struct {
    std::string text, says;
  } kWrong[] = {{"", "is empty"},
                {"===", "is empty"},
                {"B gA", "is not base64"},
                {"/run/filter.bpf", "is not base64"},
                {to_base64(one.substr(1)), "ends within an instruction of 8 bytes"},
                {to_base64(one + "x"), "ends within an instruction of 8 bytes"},
                {to_base64(most + one), "is a filter of 4097 instructions, the kernel takes 4096"}};
  for (const auto& [text, says] : kWrong) {
    const Result<Plan> plan = planned({kAllows, {{kProgram, text}}, ""});
    ASSERT_FALSE(plan.ok()) << says;
    EXPECT_EQ(plan.error().to_string(), "/annotations/run.oci.seccomp_bpf_data: " + says);
  }
}

TEST(SeccompAnnotations, NamesThatMustBeKnown) {
  const std::string profile =
      R"({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["read"], "action": "SCMP_ACT_ALLOW"},)"
      R"({"names": ["kcmp", "no_such_call"], "action": "SCMP_ACT_ALLOW"}]})";
  for (const auto& [value, refused] : {std::pair{"1", true}, {"", true}, {"yes", true}, {"0", false}}) {
    const Result<Plan> plan = planned({profile, {{kKnown, value}}, ""});
    ASSERT_TRUE(plan.ok());
    const Result<std::vector<sock_filter>> filter = make_filter(*plan.value().seccomp);
    EXPECT_EQ(filter.ok(), !refused) << value;
    if (filter.ok()) continue;
    EXPECT_TRUE(filter.error().to_string().starts_with(
        "/linux/seccomp/syscalls/1/names/1: \"no_such_call\" is unknown to libseccomp "))
        << filter.error().to_string();
  }
}

}  // namespace
}  // namespace estiva
