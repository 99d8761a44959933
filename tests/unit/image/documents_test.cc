// SPDX-License-Identifier: Apache-2.0
// The image's documents: both ways, and what is refused.
#include "image/documents.h"

#include <gtest/gtest.h>

namespace estiva::image {
namespace {

const std::string kHex(64, 'a');
const std::string kConfigEntry =
    text::cat(R"("config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:)", kHex,
              R"(","size":7})");

std::string refusal_of_manifest(const std::string& text) {
  const auto result = read_manifest(text);
  return result.ok() ? "accepted" : result.error().to_string();
}

TEST(Documents, ManifestBothWays) {
  const std::string text = text::cat(
      R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",)", kConfigEntry,
      R"(,"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":"sha256:)", kHex,
      R"(","size":12,"annotations":{"a":"b"}}]})");
  const auto manifest = read_manifest(text);
  ASSERT_TRUE(manifest.ok()) << manifest.error().to_string();
  EXPECT_EQ(manifest.value().layers[0].digest.hex(), kHex);
  EXPECT_EQ(codec::encode(manifest.value()), text);
}

TEST(Documents, ManifestRefusals) {
  EXPECT_EQ(refusal_of_manifest(text::cat(R"({"schemaVersion":2,)", kConfigEntry, R"(,"manifests":[]})")),
            "/manifests: has no place in an image manifest: a document is one or the other");
  EXPECT_EQ(refusal_of_manifest(text::cat(R"({"schemaVersion":1,)", kConfigEntry, "}")),
            "/schemaVersion: is 1; 2 is known");
  EXPECT_EQ(
      refusal_of_manifest(text::cat(
          R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json",)", kConfigEntry, "}")),
      "/mediaType: is \"application/vnd.oci.image.index.v1+json\", not that of an image manifest");
  EXPECT_NE(refusal_of_manifest(
                R"({"schemaVersion":2,"config":{"mediaType":"x","digest":"sha256:../../etc","size":1}})")
                .find("/config/digest: "),
            std::string::npos);
  EXPECT_NE(refusal_of_manifest(text::cat(R"({"schemaVersion":2,"config":{"mediaType":"x","digest":"sha256:)",
                                          kHex, R"(","size":-1}})"))
                .find("/config/size: "),
            std::string::npos);
}

TEST(Documents, IndexRefusesLayers) {
  const auto index = read_index(R"({"schemaVersion":2,"manifests":[],"layers":[]})");
  ASSERT_FALSE(index.ok());
  EXPECT_EQ(index.error().parts().object, "/layers");
}

TEST(Documents, ConfigCountsItsHistory) {
  const std::string front =
      R"({"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":["sha256:)" + kHex +
      R"("]})";
  EXPECT_TRUE(read_config(front + "}").ok());
  EXPECT_TRUE(read_config(front + R"(,"history":[{"empty_layer":true},{"created_by":"x"}]})").ok());
  const auto wrong = read_config(front + R"(,"history":[{},{}]})");
  ASSERT_FALSE(wrong.ok());
  EXPECT_EQ(wrong.error().parts().object, "/history");
}

TEST(Documents, DockersConfigSurvives) {
  const std::string text =
      R"({"Env":["A=b"],"Cmd":["sh"],"Volumes":{"/data":{}},"Healthcheck":{"Test":["CMD","x"],"Interval":1000000000},)"
      R"("OnBuild":["RUN x"]})";
  const auto config = codec::decode<ContainerConfig>(text);
  ASSERT_TRUE(config.ok());
  EXPECT_EQ(codec::encode(config.value()), text);
}

}  // namespace
}  // namespace estiva::image
