// SPDX-License-Identifier: Apache-2.0
// What package databases list, and whose a path is.
#include "image/changes/packages.h"

#include <gtest/gtest.h>

namespace estiva::image {
namespace {

using Paths = std::vector<std::string>;

TEST(Packages, DpkgListsOnePathALine) {
  EXPECT_EQ(dpkg_paths("/.\n/usr\n/usr/sbin/nginx\n"), (Paths{"/usr", "/usr/sbin/nginx"}));
  EXPECT_EQ(dpkg_paths("relative\n\n"), Paths());
}

TEST(Packages, PacmanListsThemBelowATitle) {
  EXPECT_EQ(pacman_paths("%FILES%\nusr/\nusr/bin/nginx\n\n%BACKUP%\netc/nginx.conf\tabc\n"),
            (Paths{"/usr", "/usr/bin/nginx"}));
  EXPECT_EQ(pacman_paths("usr/bin/x\n"), Paths());
}

TEST(Packages, ApkHasAllInOneFile) {
  const Packages found =
      apk_packages("C:Q1x\nP:busybox\nV:1\nF:bin\nR:busybox\nF:\nR:top\n\nP:zlib\nF:lib\nR:libz.so\n");
  EXPECT_EQ(found.at("busybox"), (Paths{"/bin", "/bin/busybox", "/", "/top"}));
  EXPECT_EQ(found.at("zlib"), (Paths{"/lib", "/lib/libz.so"}));
  EXPECT_TRUE(apk_packages("F:bin\nR:x\n:\nP\n").empty());
}

TEST(Packages, AnOwnerIsFoundUnderThePathBeforeTheMergeOfUsr) {
  const auto owners = owners_of({{"coreutils", {"/bin/ls"}}, {"nginx", {"/usr/sbin/nginx"}}});
  EXPECT_EQ(owner_of(owners, "/usr/bin/ls"), "coreutils");
  EXPECT_EQ(owner_of(owners, "/usr/sbin/nginx"), "nginx");
  EXPECT_EQ(owner_of(owners, "/sbin/nginx"), "");
  EXPECT_EQ(owner_of(owners, "/usr"), "");
}

TEST(Packages, BookkeepingIsByWholeNames) {
  EXPECT_TRUE(is_bookkeeping("/var/lib/dpkg/status"));
  EXPECT_TRUE(is_bookkeeping("/var/lib/dpkg"));
  EXPECT_FALSE(is_bookkeeping("/var/lib/dpkgs"));
  EXPECT_FALSE(is_bookkeeping("/etc/passwd"));
}

}  // namespace
}  // namespace estiva::image
