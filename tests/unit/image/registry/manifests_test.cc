// SPDX-License-Identifier: Apache-2.0
// What is believed of an answer that should be a manifest: digest and type, from outside and from inside.
#include "image/registry/manifests.h"

#include <gtest/gtest.h>

namespace estiva::image {
namespace {

const std::string kText =
    R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]})";

Response answer(const std::string& body, const std::string& type, const std::string& digest = "") {
  Response response{200, {}, body};
  if (!type.empty()) response.headers.emplace_back("content-type", type);
  if (!digest.empty()) response.headers.emplace_back("docker-content-digest", digest);
  return response;
}

TEST(Manifests, DigestsAreChecked) {
  const Digest right = digest_of(kText), right512 = digest_of(kText, Algorithm::kSha512),
               wrong = digest_of("x");
  const std::string type(media::kOciIndex);
  EXPECT_EQ(check_manifest(answer(kText, type), right).value().digest, right);
  EXPECT_EQ(check_manifest(answer(kText, type), right512).value().digest, right512);
  EXPECT_EQ(check_manifest(answer(kText, type, right.to_string()), {}).value().digest, right);
  EXPECT_EQ(check_manifest(answer(kText, type, right512.to_string()), {}).value().digest, right512);
  EXPECT_EQ(check_manifest(answer(kText, type), {}).value().digest, right);
  EXPECT_EQ(check_manifest(answer(kText, type, wrong.to_string()), right).value().digest, right)
      << "ours counts";
  EXPECT_FALSE(check_manifest(answer(kText, type), wrong).ok());
  EXPECT_FALSE(check_manifest(answer(kText, type, wrong.to_string()), {}).ok());
  EXPECT_FALSE(check_manifest(answer(kText, type, "sha256:../../x"), {}).ok());
}

TEST(Manifests, TypesAgree) {
  const std::string bare = R"({"schemaVersion":2,"config":{}})";
  const std::string old = R"({"schemaVersion":1,"fsLayers":[]})";
  const std::string manifest(media::kOciManifest), index(media::kOciIndex);
  EXPECT_EQ(check_manifest(answer(kText, index + "; charset=utf-8"), {}).value().media_type, index);
  EXPECT_EQ(check_manifest(answer(kText, "application/json"), {}).value().media_type, index);
  EXPECT_EQ(check_manifest(answer(kText, ""), {}).value().media_type, index);
  EXPECT_EQ(check_manifest(answer(bare, manifest), {}).value().media_type, manifest)
      << "OCI 1.0 has none inside";
  EXPECT_EQ(check_manifest(answer(old, std::string(media::kDockerManifest1Signed)), {}).value().media_type,
            media::kDockerManifest1);
  EXPECT_FALSE(check_manifest(answer(kText, manifest), {}).ok());
  EXPECT_FALSE(check_manifest(answer(bare, "application/json"), {}).ok());
  EXPECT_FALSE(check_manifest(answer(kText, std::string(media::kDockerManifest1)), {}).ok());
  EXPECT_FALSE(check_manifest(answer("[]", manifest), {}).ok());
  EXPECT_FALSE(check_manifest(answer("", manifest), {}).ok());
}

}  // namespace
}  // namespace estiva::image
