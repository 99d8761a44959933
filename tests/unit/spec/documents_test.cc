// SPDX-License-Identifier: Apache-2.0
// Every sample of oci-spec/: good ones survive decoding and encoding, bad ones give the error that expected.txt names.
#include <gtest/gtest.h>

#include "canonical.h"
#include "estiva/spec/features.h"
#include "estiva/spec/spec.h"
#include "estiva/spec/state.h"
#include "samples.h"
#include "spec/rows.h"

namespace estiva {
namespace {

template <typename T>
void expect_round_trip(const std::string& folder) {
  for (const auto& file : samples::list("good/" + folder)) {
    SCOPED_TRACE(file);
    const std::string text = samples::read(file);
    const Result<T> first = codec::decode<T>(text);
    ASSERT_TRUE(first.ok()) << first.error().to_string();
    for (const bool pretty : {false, true}) {
      const std::string written = codec::encode(first.value(), pretty);
      const Result<T> second = codec::decode<T>(written);
      ASSERT_TRUE(second.ok()) << second.error().to_string();
      EXPECT_TRUE(first.value() == second.value()) << written;

      const auto before = json::Document::parse(text), after = json::Document::parse(written);
      ASSERT_TRUE(before.ok() && after.ok());
      EXPECT_EQ(samples::canonical(before.value().root(), codec::Shape::kObject, codec::rows<T>),
                samples::canonical(after.value().root(), codec::Shape::kObject, codec::rows<T>));
    }
  }
}

TEST(Samples, ConfigRoundTrip) { expect_round_trip<spec::Spec>("config"); }
TEST(Samples, StateRoundTrip) { expect_round_trip<spec::State>("state"); }
TEST(Samples, ProcessStateRoundTrip) { expect_round_trip<spec::ContainerProcessState>("process-state"); }
TEST(Samples, FeaturesRoundTrip) { expect_round_trip<spec::Features>("features"); }
TEST(Samples, ResourcesRoundTrip) { expect_round_trip<spec::Resources>("resources"); }
TEST(Samples, ProcessRoundTrip) { expect_round_trip<spec::Process>("process"); }

// The first folder of the file's name says which document it is.
Result<void> load(const std::string& name, std::string_view text) {
  if (name.starts_with("config/")) {
    TRY(spec::load_config(text));
  } else if (name.starts_with("state/")) {
    TRY(spec::load_state(text));
  } else if (name.starts_with("features/")) {
    TRY(spec::load_features(text));
  } else {
    ADD_FAILURE() << name << ": unknown kind of document";
  }
  return {};
}

TEST(Samples, BadOnesAreRefused) {
  const auto table = samples::table("bad/expected.txt", '\t');
  for (const auto& row : table) {
    ASSERT_EQ(row.size(), 3u);
    SCOPED_TRACE(row[0]);
    const Result<void> result = load(row[0], samples::read(samples::directory() / "bad" / row[0]));
    if (result.ok()) {
      ADD_FAILURE() << "was accepted";
      continue;
    }
    const ErrorParts& parts = result.error().parts();
    EXPECT_EQ(parts.code, Code::kInvalid);
    EXPECT_EQ(parts.object, row[1] == "-" ? "" : row[1]);
    EXPECT_EQ(parts.hint.empty() ? parts.message : parts.message + " (" + parts.hint + ")", row[2]);
  }
  EXPECT_EQ(table.size(), samples::list("bad").size()) << "a bad sample without a row, or the reverse";
}

TEST(Config, KeepsTheDocumentsMeaning) {
  const auto result = spec::load_config(samples::read(samples::directory() / "good/config/everything.json"));
  ASSERT_TRUE(result.ok());
  const spec::Spec& config = result.value();
  EXPECT_EQ(config.mounts.at(1).gid_mappings.at(1).host_id, 4294967295u);
  EXPECT_EQ(config.process->rlimits.at(1).hard, UINT64_MAX);
  EXPECT_EQ(config.process->user.umask, 63u);
  EXPECT_EQ(config.process->oom_score_adj, -999);
  EXPECT_EQ(config.process->env.at(3), "Ação=é");
  EXPECT_EQ(config.hooks->poststart.at(0).timeout, INT64_MAX);
  EXPECT_EQ(config.linux->namespaces.at(1).type, spec::NamespaceType::kNetwork);
  EXPECT_EQ(config.linux->namespaces.at(1).path, "/var/run/netns/box");
  EXPECT_EQ(config.linux->time_offsets.at("monotonic").secs, -3600);
  EXPECT_EQ(config.linux->devices.at(1).major, std::nullopt);
  EXPECT_EQ(config.linux->net_devices.at("ens4").name, "");
  EXPECT_EQ(config.linux->resources->devices.at(2).minor, -1);
  EXPECT_EQ(config.linux->resources->memory->swappiness, 0u);
  EXPECT_EQ(config.linux->resources->memory->disable_oom_killer, false);
  EXPECT_EQ(config.linux->resources->pids->limit, 0);
  EXPECT_EQ(config.linux->resources->block_io->weight_device.at(1).leaf_weight, std::nullopt);
  EXPECT_EQ(config.linux->resources->rdma.at("rxe3").hca_objects, 0u);
  EXPECT_EQ(config.linux->seccomp->architectures.at(3), spec::SeccompArch::kLoongarch64);
  EXPECT_EQ(config.linux->seccomp->syscalls.at(1).args.at(0).op, spec::SeccompOperator::kMaskedEq);
  EXPECT_EQ(config.linux->seccomp->syscalls.at(1).args.at(1).value, 9007199254740993u);
}

TEST(Config, LastOfEqualNamesWins) {
  const auto result =
      spec::load_config(samples::read(samples::directory() / "good/config/last-duplicate-wins.json"));
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result.value().hostname, "last");
  EXPECT_EQ(result.value().annotations.at("key"), "last");
  EXPECT_EQ(result.value().process->args, std::vector<std::string>{"d"});
  EXPECT_EQ(result.value().process->user.uid, 0u) << "the first process is gone as a whole";
  EXPECT_FALSE(result.value().root->readonly);
}

TEST(Config, AbsentAndEmptyDiffer) {
  const auto result = spec::load_config(
      R"({"ociVersion":"1.3.0","linux":{"seccomp":{"defaultAction":"SCMP_ACT_ALLOW","flags":[]},"resources":{}}})");
  ASSERT_TRUE(result.ok());
  EXPECT_TRUE(result.value().linux->seccomp->flags.has_value());
  EXPECT_TRUE(result.value().linux->resources.has_value());
  EXPECT_FALSE(result.value().linux->resources->memory.has_value());
  EXPECT_EQ(spec::to_json(result.value()), R"({"ociVersion":"1.3.0","linux":{"resources":{},)"
                                           R"("seccomp":{"defaultAction":"SCMP_ACT_ALLOW","flags":[]}}})");
}

TEST(State, IsWrittenForHooks) {
  spec::State state;
  state.oci_version = "1.3.0";
  state.id = "box";
  state.status = spec::Status::kCreated;
  state.pid = 4422;
  state.bundle = "/srv/box";
  state.annotations["org.example/key"] = "a/b";
  EXPECT_EQ(spec::to_json(state), R"({"ociVersion":"1.3.0","id":"box","status":"created","pid":4422,)"
                                  R"("bundle":"/srv/box","annotations":{"org.example/key":"a/b"}})");
}

TEST(State, EveryStatusHasItsName) {
  EXPECT_EQ(spec::name(spec::Status::kCreating), "creating");
  EXPECT_EQ(spec::name(spec::Status::kPaused), "paused");
  EXPECT_EQ(spec::enum_names(spec::Status{}).size(), 5u);
}

// The enumerators and the names stand in the same order.
TEST(Names, MatchTheEnumerators) {
  EXPECT_EQ(spec::name(spec::NamespaceType::kPid), "pid");
  EXPECT_EQ(spec::name(spec::NamespaceType::kUser), "user");
  EXPECT_EQ(spec::name(spec::NamespaceType::kTime), "time");
  EXPECT_EQ(spec::name(spec::SeccompAction::kTrap), "SCMP_ACT_TRAP");
  EXPECT_EQ(spec::name(spec::SeccompAction::kNotify), "SCMP_ACT_NOTIFY");
  EXPECT_EQ(spec::name(spec::SeccompOperator::kLt), "SCMP_CMP_LT");
  EXPECT_EQ(spec::name(spec::SeccompOperator::kMaskedEq), "SCMP_CMP_MASKED_EQ");
  EXPECT_EQ(spec::name(spec::SeccompArch::kX86_64), "SCMP_ARCH_X86_64");
  EXPECT_EQ(spec::name(spec::SeccompArch::kPpc64le), "SCMP_ARCH_PPC64LE");
  EXPECT_EQ(spec::name(spec::SeccompArch::kSheb), "SCMP_ARCH_SHEB");
  EXPECT_EQ(spec::enum_names(spec::SeccompArch{}).size(), static_cast<size_t>(spec::SeccompArch::kSheb) + 1);
  EXPECT_EQ(spec::enum_names(spec::SeccompAction{}).size(),
            static_cast<size_t>(spec::SeccompAction::kNotify) + 1);
}

}  // namespace
}  // namespace estiva
