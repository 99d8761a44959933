// SPDX-License-Identifier: Apache-2.0
// Digests: what is one, known answers, content in pieces.
#include "image/digest.h"

#include <gtest/gtest.h>

namespace estiva::image {
namespace {

constexpr const char* kEmpty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

TEST(Digest, KnownAnswers) {
  EXPECT_EQ(digest_of("").to_string(), kEmpty);
  EXPECT_EQ(digest_of("abc").hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(digest_of("abc", Algorithm::kSha512).hex(),
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
            "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
}

TEST(Digest, PiecesAndAgain) {
  Hasher hasher;
  hasher.update("a");
  hasher.update("bc");
  EXPECT_EQ(hasher.finish(), digest_of("abc"));
  EXPECT_EQ(hasher.finish().to_string(), kEmpty);
}

TEST(Digest, ParseRoundTrip) {
  const auto digest = Digest::parse(kEmpty);
  ASSERT_TRUE(digest.ok());
  EXPECT_EQ(digest.value().to_string(), kEmpty);
  EXPECT_EQ(digest.value().short_hex(), "e3b0c44298fc");
}

TEST(Digest, RefusesWhatCouldBeAPath) {
  const std::string hex(64, 'a');
  for (const std::string& text :
       {std::string(), std::string("sha256"), std::string("sha256:"), "sha256:" + hex.substr(1),
        "sha256:" + hex + "a", "sha256:" + std::string(64, 'A'), "sha256:../../" + hex.substr(6),
        "md5:" + hex.substr(32), "sha512:" + hex, "SHA256:" + hex, "sha256:" + hex.substr(1) + "/", hex}) {
    EXPECT_FALSE(Digest::parse(text).ok()) << text;
  }
}

}  // namespace
}  // namespace estiva::image
