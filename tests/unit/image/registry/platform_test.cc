// SPDX-License-Identifier: Apache-2.0
// Which image of an index is taken.
#include "image/registry/platform.h"

#include <gtest/gtest.h>

namespace estiva::image {
namespace {

Index index_of(const std::vector<std::string>& platforms) {
  Index index;
  for (const std::string& name : platforms) {
    Descriptor entry;
    entry.size = static_cast<int64_t>(index.manifests.size());
    if (!name.empty()) entry.platform = parse_platform(name).value().platform;
    index.manifests.push_back(entry);
  }
  return index;
}

int64_t chosen(const std::vector<std::string>& platforms, const std::string& wish, bool named = true) {
  const Index index = index_of(platforms);
  PlatformWish wished = parse_platform(wish).value();
  wished.named = named;
  const Result<const Descriptor*> found = choose_platform(index, wished);
  return found.ok() ? found.value()->size : -1;
}

TEST(Platform, BestVariantThatRuns) {
  EXPECT_EQ(chosen({"linux/arm/v5", "linux/arm/v6", "linux/arm/v7", "linux/arm/v8"}, "linux/arm/v7"), 2);
  EXPECT_EQ(chosen({"linux/arm/v5", "linux/arm/v6"}, "linux/arm/v7"), 1);
  EXPECT_EQ(chosen({"linux/arm/v7"}, "linux/arm/v6"), -1);
  EXPECT_EQ(chosen({"linux/arm", "linux/arm/v6"}, "linux/arm/v7"), 0) << "without a variant it is v7";
  EXPECT_EQ(chosen({"linux/amd64", "linux/amd64/v2", "linux/amd64/v3", "linux/amd64/v4"}, "linux/amd64/v3"),
            2);
  EXPECT_EQ(chosen({"linux/amd64", "linux/amd64/v3"}, "linux/amd64"), 0);
  EXPECT_EQ(chosen({"linux/amd64/v3"}, "linux/amd64/v2"), -1);
  EXPECT_EQ(chosen({"linux/arm64", "linux/arm64/v8"}, "linux/arm64/v8"), 0) << "the first of equals";
}

TEST(Platform, OthersOnlyUnnamed) {
  EXPECT_EQ(chosen({"linux/arm/v6", "linux/arm/v7"}, "linux/arm64", false), 1);
  EXPECT_EQ(chosen({"linux/arm/v6", "linux/arm/v7", "linux/arm64"}, "linux/arm64", false), 2);
  EXPECT_EQ(chosen({"linux/arm/v7"}, "linux/arm64", true), -1);
  EXPECT_EQ(chosen({"windows/amd64", "linux/s390x"}, "linux/amd64", false), -1);
  EXPECT_EQ(chosen({"", "linux/s390x"}, "linux/amd64"), 0)
      << "an entry that says nothing is better than none";
  EXPECT_EQ(chosen({"", "linux/amd64"}, "linux/amd64"), 1);
}

TEST(Platform, AttestationsAreNoImages) {
  Index index = index_of({"unknown/unknown", "linux/amd64", "linux/amd64"});
  index.manifests[1].annotations["vnd.docker.reference.type"] = "attestation-manifest";
  EXPECT_EQ(choose_platform(index, parse_platform("amd64").value()).value()->size, 2);
  index.manifests.pop_back();
  EXPECT_FALSE(choose_platform(index, parse_platform("amd64").value()).ok());
}

TEST(Platform, TheErrorListsWhatThereIs) {
  Index index = index_of({"linux/arm/v7", "linux/s390x"});
  index.manifests[1].platform->architecture = "s390\x1b[2J";
  const std::string text = choose_platform(index, parse_platform("amd64").value()).error().to_string();
  EXPECT_NE(text.find("no image for linux/amd64, but for linux/arm/v7, linux/s390\\x1b[2J"),
            std::string::npos)
      << text;
}

TEST(Platform, Names) {
  EXPECT_EQ(describe(parse_platform("x86_64").value().platform), "linux/amd64");
  EXPECT_EQ(describe(parse_platform("Linux/AArch64").value().platform), "linux/arm64");
  EXPECT_EQ(describe(parse_platform("armhf").value().platform), "linux/arm/v7");
  EXPECT_EQ(describe(parse_platform("linux/arm/v6").value().platform), "linux/arm/v6");
  for (const char* wrong : {"", "a/b/c/d", "linux/", "/amd64", "linux/am d64", "linux/../x"})
    EXPECT_FALSE(parse_platform(wrong).ok()) << wrong;
  EXPECT_FALSE(local_platform().platform.architecture.empty());
  EXPECT_EQ(local_platform().platform.os, "linux");
}

}  // namespace
}  // namespace estiva::image
