// SPDX-License-Identifier: Apache-2.0
// USER of an image and --user: names and numbers, with and without a group.
#include "image/bundle/user.h"

#include <gtest/gtest.h>

#include "../base/temp_dir.h"
#include "estiva/base/text.h"

namespace estiva::image {
namespace {

class User : public testing::Test {
 protected:
  User() {
    std::filesystem::create_directory(dir_ / "etc");
    dir_.write("etc/passwd", "root:x:0:0::/root:/bin/sh\nada:x:1000:100::/home/ada:/bin/sh\n");
    dir_.write("etc/group", "root:x:0:\nusers:x:100:\nwheel:x:10:root,ada\n");
  }
  // "UID GID: ADDITIONAL...", or the error.
  std::string found(const std::string& text) const {
    const RootDir root = RootDir::open(dir_.path()).value();
    const Result<FoundUser> user = find_user(root, text);
    if (!user.ok()) return user.error().to_string();
    std::string out = text::cat(user.value().user.uid, " ", user.value().user.gid, ":");
    for (const uint32_t gid : user.value().user.additional_gids) out += text::cat(" ", gid);
    return out;
  }
  TempDir dir_;
};

TEST_F(User, ByNameOrNumberHasItsGroups) {
  EXPECT_EQ(found(""), "0 0: 0 10");
  EXPECT_EQ(found("ada"), "1000 100: 100 10");
  EXPECT_EQ(found("1000"), "1000 100: 100 10");
  EXPECT_EQ(found("7"), "7 0: 0");
  EXPECT_NE(found("eve").find("has no user \"eve\""), std::string::npos);
}

TEST_F(User, WithAGroupHasThatOneAlone) {
  EXPECT_EQ(found("ada:wheel"), "1000 10: 10");
  EXPECT_EQ(found("7:8"), "7 8: 8");
  EXPECT_NE(found("ada:none").find("has no group \"none\""), std::string::npos);
}

TEST_F(User, OfAGroupAloneIsRoot) {
  EXPECT_EQ(found(":wheel"), "0 10: 10");
  EXPECT_EQ(found(":8"), "0 8: 8");
  EXPECT_EQ(found(":"), "0 0: 0 10");
}

}  // namespace
}  // namespace estiva::image
