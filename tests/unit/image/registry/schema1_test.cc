// SPDX-License-Identifier: Apache-2.0
// Docker's manifests of 2015: signatures off, order turned, layers without content left out, nothing lost.
#include "image/registry/schema1.h"

#include <gtest/gtest.h>

#include "estiva/base/base64.h"

namespace estiva::image {
namespace {

const std::string kA = "sha256:" + std::string(64, 'a'), kB = "sha256:" + std::string(64, 'b'),
                  kE = "sha256:" + std::string(64, 'e');

std::string quoted(const std::string& json) {
  std::string out;
  json::Writer(out).string(json);
  return out;
}

// Newest first, as the format has it.
std::string payload() {
  const std::string newest =
      R"({"id":"3","parent":"2","created":"2015-01-03T00:00:00Z","throwaway":true,"author":"me",)"
      R"("config":{"Cmd":["/bin/sh"],"Env":["A=B"]},"container_config":{"Cmd":["#nop","CMD"]},)"
      R"("architecture":"amd64","os":"linux","Size":0,"docker_version":"1.8.2"})";
  const std::string middle =
      R"({"id":"2","parent":"1","created":"2015-01-02T00:00:00Z","container_config":{"Cmd":["apt","x"]}})";
  const std::string oldest = R"({"id":"1","created":"2015-01-01T00:00:00Z","comment":"base"})";
  return "{\n   \"schemaVersion\": 1,\n   \"name\": \"library/x\",\n   \"tag\": \"1\",\n   \"architecture\": "
         "\"amd64\",\n"
         "   \"fsLayers\": [{\"blobSum\": \"" +
         kE + "\"}, {\"blobSum\": \"" + kB + "\"}, {\"blobSum\": \"" + kA +
         "\"}],\n"
         "   \"history\": [{\"v1Compatibility\": " +
         quoted(newest) + "}, {\"v1Compatibility\": " + quoted(middle) +
         "}, {\"v1Compatibility\": " + quoted(oldest) + "}]\n}";
}

std::string sign(const std::string& text, size_t length, const std::string& tail, int times = 1) {
  const std::string statement =
      "{\"formatLength\":" + std::to_string(length) + ",\"formatTail\":\"" + to_base64(tail) + "\"}";
  std::string signatures;
  for (int i = 0; i < times; ++i)
    signatures += std::string(i > 0 ? "," : "") + "{\"signature\":\"x\",\"protected\":\"" +
                  to_base64(statement) + "\"}";
  return text.substr(0, text.size() - 2) + ",\n   \"signatures\": [" + signatures + "]\n}";
}

TEST(Schema1, PayloadIsWhatWasSigned) {
  const std::string text = payload();
  EXPECT_EQ(schema1_payload(text).value(), text) << "unsigned";
  EXPECT_EQ(schema1_payload(sign(text, text.size() - 2, "\n}")).value(), text);
  EXPECT_EQ(schema1_payload(sign(text, text.size() - 2, "\n}", 3)).value(), text);
}

TEST(Schema1, BadSignaturesAreNamed) {
  const std::string text = payload();
  const struct {
    std::string text, message;
  } cases[] = {
      {sign(text, 1 << 20, "\n}"), "/signatures/0/protected/formatLength"},
      {R"({"signatures":[]})", "/signatures"},
      {R"({"signatures":[{}]})", "/signatures/0/protected: is missing"},
      {R"({"signatures":[{"protected":"!!"}]})", "is not base64"},
      {R"({"signatures":[{"protected":"e30="}]})", "formatLength: is missing"},
      {"[]x", "line 1"},
  };
  for (const auto& c : cases) {
    const auto result = schema1_payload(c.text);
    ASSERT_FALSE(result.ok()) << c.text;
    EXPECT_NE(result.error().to_string().find(c.message), std::string::npos) << result.error().to_string();
  }
}

TEST(Schema1, OldestFirstWithoutEmptyLayers) {
  const Result<Schema1> old = read_schema1(payload());
  ASSERT_TRUE(old.ok()) << old.error().to_string();
  ASSERT_EQ(old.value().layers.size(), 2u);
  EXPECT_EQ(old.value().layers[0].to_string(), kA);
  EXPECT_EQ(old.value().layers[1].to_string(), kB);
  EXPECT_TRUE(old.value().history[2].empty_layer);
}

TEST(Schema1, BecomesAConfiguration) {
  const Schema1 old = read_schema1(payload()).value();
  const std::vector<Digest> diff_ids{Digest::parse(kB).value(), Digest::parse(kA).value()};
  const std::string text = schema1_config(old, diff_ids).value();
  const Result<ImageConfig> config = read_config(text);
  ASSERT_TRUE(config.ok()) << config.error().to_string() << text;
  EXPECT_EQ(config.value().rootfs.diff_ids, diff_ids);
  EXPECT_EQ(config.value().architecture, "amd64");
  EXPECT_EQ(config.value().author, "me");
  EXPECT_EQ(config.value().config->cmd, std::vector<std::string>{"/bin/sh"});
  ASSERT_EQ(config.value().history.size(), 3u);
  EXPECT_EQ(config.value().history[0].comment, "base");
  EXPECT_EQ(config.value().history[1].created_by, "apt x");
  EXPECT_TRUE(config.value().history[2].empty_layer);
  for (const char* dropped : {"\"id\"", "\"parent\"", "\"Size\"", "throwaway"})
    EXPECT_EQ(text.find(dropped), std::string::npos) << dropped;
  EXPECT_NE(text.find("\"docker_version\":\"1.8.2\""), std::string::npos) << "what is not known stays";
  Descriptor layer;
  layer.digest = diff_ids[0];
  layer.media_type = media::kDockerLayerGzip;
  layer.size = 5;
  const Result<Manifest> manifest = read_manifest(schema1_manifest(text, {layer, layer}));
  ASSERT_TRUE(manifest.ok()) << manifest.error().to_string();
  EXPECT_EQ(manifest.value().config.digest, digest_of(text));
}

TEST(Schema1, RefusesWhatIsSomethingElseToo) {
  const auto with = [](const std::string& from, const std::string& to) {
    std::string text = payload();
    return text.replace(text.find(from), from.size(), to);
  };
  const struct {
    std::string text, message;
  } cases[] = {
      {with("\"tag\"", "\"layers\""), "/layers"},
      {with("\"tag\"", "\"manifests\""), "/manifests"},
      {with("\"schemaVersion\": 1", "\"schemaVersion\": 2"), "/schemaVersion"},
      {with("{\"blobSum\": \"" + kE + "\"}, ", ""), "2 layers for 3 entries"},
      {with(kE, "sha256:../../etc/passwd"), "/fsLayers/0/blobSum"},
      {with("blobSum", "blobsum"), "/fsLayers/0/blobSum: is missing"},
      {with("\"v1Compatibility\": \"{", "\"v1Compatibility\": \"["), "/history/0/v1Compatibility"},
      {"{}", "/schemaVersion: is missing"},
  };
  for (const auto& c : cases) {
    const auto result = read_schema1(c.text);
    ASSERT_FALSE(result.ok()) << c.text;
    EXPECT_NE(result.error().to_string().find(c.message), std::string::npos) << result.error().to_string();
  }
}

}  // namespace
}  // namespace estiva::image
