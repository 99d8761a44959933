// SPDX-License-Identifier: Apache-2.0
// What is told of changes: differences of texts, secrets, caches.
#include <gtest/gtest.h>

#include "image/changes/unified.h"
#include "image/commit/preview.h"
#include "image/commit/secrets.h"

namespace estiva::image {
namespace {

TEST(UnifiedDiff, EqualTextsHaveNone) {
  EXPECT_EQ(unified_diff("", ""), "");
  EXPECT_EQ(unified_diff("a\nb", "a\nb"), "");
}

TEST(UnifiedDiff, ANewAndAnEmptyText) {
  EXPECT_EQ(unified_diff("", "a\nb\n"), "@@ -0,0 +1,2 @@\n+a\n+b\n");
  EXPECT_EQ(unified_diff("a\n", ""), "@@ -1 +0,0 @@\n-a\n");
}

TEST(UnifiedDiff, ThreeLinesOfContextAndNoNewlineAtTheEnd) {
  EXPECT_EQ(unified_diff("1\n2\n3\n4\n5\n6\n7\n8\n9", "1\n2\n3\n4\nfive\n6\n7\n8\nnine"),
            "@@ -2,8 +2,8 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n-9\n\\ No newline at end of file\n+nine\n"
            "\\ No newline at end of file\n");
}

TEST(UnifiedDiff, FarChangesAreHunksOfTheirOwn) {
  std::string before, after;
  for (int i = 1; i <= 20; ++i) {
    before += std::to_string(i) + "\n";
    if (i != 2) after += std::to_string(i) + "\n";
    if (i == 18) after += "new\n";
  }
  EXPECT_EQ(unified_diff(before, after),
            "@@ -1,5 +1,4 @@\n 1\n-2\n 3\n 4\n 5\n@@ -16,5 +15,6 @@\n 16\n 17\n 18\n+new\n 19\n 20\n");
}

// Applying the difference to one text gives the other: told by the lines alone.
TEST(UnifiedDiff, HasAllLinesOfBothTexts) {
  unsigned seed = 1;
  const auto random = [&] { return seed = seed * 1103515245 + 12345, seed >> 16; };
  for (int round = 0; round < 300; ++round) {
    std::string before, after;
    for (unsigned i = 0, count = random() % 12; i < count; ++i) {
      const std::string line = std::string(1, static_cast<char>('a' + random() % 4)) + "\n";
      if (random() % 4 != 0) before += line;
      if (random() % 4 != 0) after += line;
    }
    std::string old, now;
    const std::string diff = unified_diff(before, after);
    if (diff.empty()) {
      EXPECT_EQ(before, after);
      continue;
    }
    if (diff.find("@@ -1") == std::string::npos && diff.find("@@ -0,0") == std::string::npos) continue;
    if (diff.find("\n@@") != std::string::npos) continue;
    for (size_t at = diff.find('\n') + 1; at < diff.size(); at += 3) {
      if (diff[at] != '+') old += diff.substr(at + 1, 2);
      if (diff[at] != '-') now += diff.substr(at + 1, 2);
    }
    EXPECT_EQ(old, before.substr(0, old.size()));
    EXPECT_EQ(now, after.substr(0, now.size()));
  }
}

TEST(UnifiedDiff, WhatIsTooDifferentIsReplaced) {
  std::string before, after, expected = "@@ -1,1200 +1,1200 @@\n";
  for (int i = 0; i < 1200; ++i) before += "a" + std::to_string(i) + "\n";
  for (int i = 0; i < 1200; ++i) after += "b" + std::to_string(i) + "\n";
  for (int i = 0; i < 1200; ++i) expected += "-a" + std::to_string(i) + "\n";
  for (int i = 0; i < 1200; ++i) expected += "+b" + std::to_string(i) + "\n";
  EXPECT_EQ(unified_diff(before, after), expected);
}

TEST(IsText, ControlCharactersAreNone) {
  EXPECT_TRUE(is_text("a\tb\r\n\u00e9\n"));
  for (const char* bytes : {"\x1b[31m", "a\rb", "\xff", "\u009b"}) EXPECT_FALSE(is_text(bytes)) << bytes;
  EXPECT_FALSE(is_text(std::string_view("\0", 1)));
}

TEST(Secrets, AreKnownByNameAndContent) {
  EXPECT_EQ(secret_in("/root/x", "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl"), "a private key");
  EXPECT_EQ(secret_in("/root/.netrc", "machine x login y password z"), "passwords of servers");
  EXPECT_EQ(secret_in("/root/.bash_history", "ls\n"), "what was typed at a prompt");
  EXPECT_EQ(secret_in("/etc/ssh/ssh_host_rsa_key", "x"),
            "a server's private key: all containers would share it");
  EXPECT_EQ(secret_in("/root/.docker/config.json", "{}"), "");
  EXPECT_EQ(secret_in("/usr/bin/ssh", std::string_view("\x7f"
                                                       "ELF\0-----BEGIN RSA PRIVATE KEY-----",
                                                       36)),
            "");
  EXPECT_EQ(secret_in("/etc/ssh/ssh_host_rsa_key.pub", "ssh-rsa"), "");
}

TEST(Caches, AreKnownByTheirDirectory) {
  EXPECT_EQ(cache_of("/var/lib/apt/lists/x/y"), "/var/lib/apt/lists");
  EXPECT_EQ(cache_of("/home/ship/.cache/pip/z"), "/home/ship/.cache");
  EXPECT_EQ(cache_of("/var/lib/apt/lists"), "");
  EXPECT_EQ(cache_of("/var/lib/apt/listsx/y"), "");
}

}  // namespace
}  // namespace estiva::image
