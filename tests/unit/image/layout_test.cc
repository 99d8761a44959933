// SPDX-License-Identifier: Apache-2.0
// OCI layouts that get further images: which entries of the index stay, and what happens to the directory.
#include "image/formats/layout.h"

#include <errno.h>
#include <fcntl.h>
#include <gtest/gtest.h>

#include "../base/temp_dir.h"
#include "estiva/base/files.h"
#include "estiva/base/sys_data.h"

namespace estiva::image {
namespace {

const std::string kMarker(kLayoutText);

std::string hex(char digit) { return std::string(64, digit); }

Descriptor entry(char digit, const std::string& tag = "", const std::string& name = "") {
  Descriptor out{.media_type = std::string(media::kOciManifest), .digest = {Algorithm::kSha256, hex(digit)}};
  if (!tag.empty()) out.annotations[kRefName] = tag;
  if (!name.empty()) out.annotations[kContainerdName] = name;
  return out;
}

std::string encoded(const std::vector<Descriptor>& entries) {
  return codec::encode(Index{.schema_version = 2, .manifests = entries});
}

// The entries as words: the digest's digit, the tag, the full name.
std::string merged(const std::string& index, const std::vector<Descriptor>& added) {
  const Result<std::string> text = merge_index(index, added);
  if (!text.ok()) return text.error().to_string();
  const Result<Index> read = read_index(text.value());
  if (!read.ok()) return read.error().to_string();
  std::string out;
  for (const Descriptor& each : read.value().manifests) {
    out += text::cat(out.empty() ? "" : " ", each.digest.hex().substr(0, 1));
    for (const char* key : {kRefName, kContainerdName})
      if (each.annotations.contains(key)) out += text::cat(",", each.annotations.at(key));
  }
  return out;
}

TEST(LayoutIndex, WhatHasAnotherTagStaysAndWhatHasTheSameIsReplaced) {
  const std::string index = encoded({entry('a', "1"), entry('b', "2")});
  EXPECT_EQ(merged(index, {entry('c', "3")}), "a,1 b,2 c,3");
  EXPECT_EQ(merged(index, {entry('c', "1")}), "b,2 c,1");
  EXPECT_EQ(merged(index, {entry('c', "1"), entry('d', "1")}), "b,2 d,1");
  EXPECT_EQ(merged("", {entry('c', "1")}), "c,1");
}

TEST(LayoutIndex, AnImageOfAnotherNameLosesTheTagOnly) {
  const std::string index = encoded({entry('a', "1", "x/one:1"), entry('b', "1", "x/two:1")});
  EXPECT_EQ(merged(index, {entry('c', "1", "x/two:1")}), "a,x/one:1 c,1,x/two:1");
  EXPECT_EQ(
      merged(encoded({entry('a', "", "x/one:1"), entry('b', "1", "x/two:1")}), {entry('c', "1", "x/one:1")}),
      "b,x/two:1 c,1,x/one:1");
}

TEST(LayoutIndex, AnImageWithoutANameIsThereOnce) {
  EXPECT_EQ(merged(encoded({entry('a', "1")}), {entry('a')}), "a,1");
  EXPECT_EQ(merged(encoded({entry('a')}), {entry('a')}), "a");
  EXPECT_EQ(merged(encoded({entry('a'), entry('b')}), {entry('a', "1")}), "b a,1");
}

TEST(LayoutIndex, MembersThatAreNotKnownStay) {
  const std::string other = text::cat(
      R"({"mediaType":"x/y","digest":"sha256:)", hex('a'),
      R"(","size":18446744073709,"data":"e30=","x":[1.50,null],"annotations":{"org.opencontainers.image.ref.name":"1","io.containerd.image.name":"n:1","k":"v"}})");
  const std::string index = text::cat(R"({"x":{"y":true},"schemaVersion":2,"manifests":[)", other, "]}");
  const Descriptor added = entry('b', "2");
  EXPECT_EQ(merge_index(index, std::span(&added, 1)).value(),
            text::cat(R"({"x":{"y":true},"schemaVersion":2,"manifests":[)", other, ",", codec::encode(added),
                      "]}"));
  const Descriptor same_tag = entry('b', "1", "m:1");
  std::string less = index;
  const std::string tag = R"("org.opencontainers.image.ref.name":"1",)";
  less.erase(less.find(tag), tag.size());
  EXPECT_EQ(merge_index(index, std::span(&same_tag, 1)).value(),
            text::cat(less.substr(0, less.size() - 2), ",", codec::encode(same_tag), "]}"));
}

TEST(LayoutIndex, WhatIsNoIndexIsRefused) {
  EXPECT_NE(merged("{", {entry('a')}).find("line 1"), std::string::npos) << merged("{", {entry('a')});
  EXPECT_EQ(merged(R"({"schemaVersion":2})", {entry('a')}), "/manifests: is missing");
  EXPECT_EQ(merged(R"({"schemaVersion":1,"manifests":[]})", {entry('a')}),
            "/schemaVersion: is 1; 2 is known");
  EXPECT_EQ(merged(R"({"schemaVersion":2,"manifests":{}})", {entry('a')}),
            "/manifests: is an object, an array is expected");
}

Result<void> write_image(Layout& layout, const std::string& blob, const Descriptor& descriptor) {
  const std::string index = TRY(layout.plan_index(std::span(&descriptor, 1)));
  TRY(layout.begin());
  TRY(layout.put(blob, [&](FdView file) { return sys::write_all(file, blob); }));
  return layout.finish(index);
}

TEST(Layout, IsMadeThenGetsASecondImage) {
  const TempDir dir;
  for (const char digit : {'a', 'b'}) {
    Result<Layout> layout = Layout::open(dir / "deep/layout");
    ASSERT_TRUE(layout.ok()) << layout.error().to_string();
    ASSERT_TRUE(write_image(layout.value(), text::cat("blobs/sha512/", digit), entry(digit, {digit})).ok());
  }
  EXPECT_EQ(dir.read("deep/layout/oci-layout"), kMarker);
  EXPECT_EQ(dir.read("deep/layout/blobs/sha512/a"), "blobs/sha512/a");
  EXPECT_EQ(merged(dir.read("deep/layout/index.json"), {}), "a,a b,b");
}

TEST(Layout, ADirectoryOfOtherThingsIsRefused) {
  const TempDir dir;
  dir.write("index.json", encoded({}));
  const Result<Layout> layout = Layout::open(dir.path());
  ASSERT_FALSE(layout.ok());
  EXPECT_NE(layout.error().to_string().find("is neither empty nor an OCI layout"), std::string::npos);
}

TEST(Layout, AnIndexThatIsNoneIsAnErrorAndStays) {
  const TempDir dir;
  dir.write("oci-layout", kMarker);
  for (const std::string bad : {"", "{", R"({"schemaVersion":2,"manifests":[],"layers":[]})"}) {
    dir.write("index.json", bad);
    Layout layout = Layout::open(dir.path()).value();
    const Result<void> written = write_image(layout, "blobs/sha256/a", entry('a'));
    layout.undo();
    ASSERT_FALSE(written.ok());
    EXPECT_NE(written.error().to_string().find("index.json"), std::string::npos);
    EXPECT_EQ(dir.read("index.json"), bad);
    EXPECT_FALSE(std::filesystem::exists(dir / "blobs"));
  }
}

TEST(Layout, UndoTakesBackWhatWasAddedAndNothingElse) {
  const TempDir dir;
  dir.write("oci-layout", kMarker);
  std::filesystem::create_directories(dir / "blobs/sha256");
  dir.write("blobs/sha256/old", "old");
  Layout layout = Layout::open(dir.path()).value();
  ASSERT_TRUE(layout.put("blobs/sha256/new", [](FdView) { return Result<void>(); }).ok());
  ASSERT_TRUE(layout.put("blobs/sha256/old", [](FdView file) { return sys::write_all(file, "old"); }).ok());
  ASSERT_FALSE(layout.put("blobs/sha256/bad", [](FdView) { return Error(Code::kInternal, "no"); }).ok());
  layout.undo();
  EXPECT_EQ(files::list(sys::open((dir / "blobs/sha256").string(), O_RDONLY).value()).value(),
            std::vector<std::string>{"old"});
  EXPECT_EQ(dir.read("blobs/sha256/old"), "old");
}

TEST(Layout, UndoLeavesAnEmptyDirectoryEmptyAndRemovesAMadeOne) {
  const TempDir dir;
  std::filesystem::create_directory(dir / "empty");
  for (const std::string name : {"empty", "made"}) {
    Layout layout = Layout::open(dir / name).value();
    ASSERT_TRUE(layout.begin().ok());
    ASSERT_TRUE(layout.put("blobs/sha256/a", [](FdView) { return Result<void>(); }).ok());
    layout.undo();
  }
  EXPECT_TRUE(std::filesystem::is_empty(dir / "empty"));
  EXPECT_FALSE(std::filesystem::exists(dir / "made"));
}

TEST(Layout, NothingIsWrittenThroughLinksInIt) {
  const TempDir dir;
  std::filesystem::create_directories(dir / "elsewhere/sha256");
  std::filesystem::create_directory(dir / "layout");
  dir.write("layout/oci-layout", kMarker);
  std::filesystem::create_directory_symlink("../elsewhere", dir / "layout/blobs");
  Layout layout = Layout::open(dir / "layout").value();
  const Result<void> put = layout.put("blobs/sha256/a", [](FdView) { return Result<void>(); });
  ASSERT_FALSE(put.ok());
  EXPECT_EQ(put.error().errnum(), ELOOP);
  EXPECT_TRUE(std::filesystem::is_empty(dir / "elsewhere/sha256"));
}

}  // namespace
}  // namespace estiva::image
