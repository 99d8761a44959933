// SPDX-License-Identifier: Apache-2.0
// Properties that nobody heeds.
#include "estiva/spec/lint.h"

#include <gtest/gtest.h>

#include "samples.h"

namespace estiva {
namespace {

std::vector<spec::OddProperty> odd(std::string_view text) {
  const Result<json::Document> document = json::Document::parse(text);
  EXPECT_TRUE(document.ok());
  return spec::find_odd_properties(document.value());
}

TEST(Lint, EveryPropertyOfTheSpecificationIsKnown) {
  for (const char* name : {"everything.json", "docker-like.json", "podman-like.json"}) {
    const auto file = samples::directory() / "good/config" / name;
    for (const spec::OddProperty& one : odd(samples::read(file)))
      EXPECT_NE(one.what, spec::Oddity::kUnknown) << file << " " << one.pointer;
  }
}

TEST(Lint, FindsThemAtAnyDepth) {
  const auto found =
      odd(R"({"windows": {"x": 1}, "Process": {}, "process": {"args": ["argz"], "user": {"uuid": 1},
    "rlimits": [{"type": "x"}, {"typ": "x"}]}, "annotations": {"anything": "goes"},
    "linux": {"netDevices": {"a/b": {"nam": "x"}}, "intelRdt": {"enableMBM": true}}, "hooks": {"prestart": []},
    "hooks": {}})");
  const std::vector<std::pair<spec::Oddity, std::string>> expected = {
      {spec::Oddity::kOtherPlatform, "/windows"},
      {spec::Oddity::kUnknown, "/Process"},
      {spec::Oddity::kUnknown, "/process/user/uuid"},
      {spec::Oddity::kUnknown, "/process/rlimits/1/typ"},
      {spec::Oddity::kUnknown, "/linux/netDevices/a~1b/nam"},
      {spec::Oddity::kRemoved, "/linux/intelRdt/enableMBM"},
      {spec::Oddity::kTwice, "/hooks"},
  };
  ASSERT_EQ(found.size(), expected.size());
  for (size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i].what, expected[i].first) << i;
    EXPECT_EQ(found[i].pointer, expected[i].second);
  }
  EXPECT_EQ(found[1].similar, "process");
  EXPECT_EQ(found[4].similar, "name");
}

TEST(Lint, LeavesWrongTypesToTheDecoder) {
  EXPECT_TRUE(odd(R"([1])").empty());
  EXPECT_TRUE(odd(R"({"process": 1, "mounts": {"a": 1}, "linux": [1], "hooks": {"poststop": [1]}})").empty());
}

}  // namespace
}  // namespace estiva
