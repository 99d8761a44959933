// SPDX-License-Identifier: Apache-2.0
// Configuration of registries: our lines, registries.conf, and the endpoints that follow from them.
#include "image/registry/rules.h"

#include <gtest/gtest.h>

#include "image/registry/toml.h"

namespace estiva::image {
namespace {

std::vector<Endpoint> endpoints(const RegistryRules& rules, const std::string& name) {
  Result<std::vector<Endpoint>> found = rules.endpoints(Reference::parse(name).value());
  EXPECT_TRUE(found.ok()) << found.error().to_string();
  return found.ok() ? std::move(found).value() : std::vector<Endpoint>();
}

TEST(Rules, WithoutAnyARegistryIsItself) {
  const RegistryRules none;
  const auto hub = endpoints(none, "ubuntu");
  ASSERT_EQ(hub.size(), 1u);
  EXPECT_EQ(hub[0].name(), "docker.io/library/ubuntu");
  EXPECT_FALSE(hub[0].transport.plain_http);
  EXPECT_EQ(api_base(hub[0].host, true).value().to_string(), "https://registry-1.docker.io/");
  EXPECT_TRUE(endpoints(none, "localhost:5000/a")[0].transport.plain_http);
  EXPECT_TRUE(endpoints(none, "127.0.0.1:5000/a")[0].transport.plain_http);
  EXPECT_FALSE(endpoints(none, "10.0.0.1:5000/a")[0].transport.plain_http);
}

TEST(Rules, OurFile) {
  const Result<RegistryRules> rules = parse_rules(
      "# comment\n"
      "docker.io mirror localhost:5000/hub  mirror m.lan by-digest http # why\n"
      "\n"
      "docker.io/library mirror lib.lan by-tag skip-verify\n"
      "plain.lan:5000 http\r\n"
      "quay.io/old location new.lan/quay\n"
      "bad.lan blocked\n"
      "*.wild.lan skip-verify\n");
  ASSERT_TRUE(rules.ok()) << rules.error().to_string();
  const auto base = endpoints(rules.value(), "base/arch");
  ASSERT_EQ(base.size(), 3u);
  EXPECT_EQ(base[0].name(), "localhost:5000/hub/base/arch");
  EXPECT_TRUE(base[0].mirror && base[0].transport.plain_http && base[0].with_tags && base[0].with_digests);
  EXPECT_EQ(base[1].name(), "m.lan/base/arch");
  EXPECT_TRUE(base[1].transport.plain_http && !base[1].with_tags && base[1].with_digests);
  EXPECT_EQ(base[2].name(), "docker.io/base/arch");
  EXPECT_FALSE(base[2].mirror);
  const auto library = endpoints(rules.value(), "ubuntu");
  ASSERT_EQ(library.size(), 2u) << "the longest prefix only";
  EXPECT_EQ(library[0].name(), "lib.lan/ubuntu");
  EXPECT_TRUE(library[0].with_tags && !library[0].with_digests && library[0].transport.skip_verify);
  EXPECT_TRUE(endpoints(rules.value(), "plain.lan:5000/a")[0].transport.plain_http);
  EXPECT_FALSE(endpoints(rules.value(), "plain.lan/a")[0].transport.plain_http);
  EXPECT_EQ(endpoints(rules.value(), "quay.io/old/a")[0].name(), "new.lan/quay/a");
  EXPECT_EQ(endpoints(rules.value(), "quay.io/older/a")[0].name(), "quay.io/older/a");
  EXPECT_TRUE(endpoints(rules.value(), "a.b.wild.lan/x")[0].transport.skip_verify);
  EXPECT_FALSE(endpoints(rules.value(), "wild.lan/x")[0].transport.skip_verify);
  EXPECT_FALSE(rules.value().endpoints(Reference::parse("bad.lan/a").value()).ok());
  EXPECT_TRUE(rules.value().transport_of("m.lan").plain_http) << "for what redirects to it";
  EXPECT_FALSE(rules.value().transport_of("lan").plain_http);
  EXPECT_TRUE(rules.value().transport_of("x.wild.lan").skip_verify);
}

TEST(Rules, OurFileSaysTheLine) {
  const struct {
    const char *text, *message;
  } cases[] = {
      {"a.lan\n", "line 1: nothing is said"},          {"\na.lan https\n", "line 2: the word \"https\""},
      {"a.lan mirror\n", "mirror takes host"},         {"a.lan mirror https://b\n", "without https://"},
      {"a.lan by-digest\n", "the word \"by-digest\""}, {"https://a.lan http\n", "is not host"},
      {"a.lan location *.b\n", "is not host"},         {"A/B http\n", "is not host"},
  };
  for (const auto& c : cases) {
    const Result<RegistryRules> rules = parse_rules(c.text);
    ASSERT_FALSE(rules.ok()) << c.text;
    EXPECT_NE(rules.error().to_string().find(c.message), std::string::npos) << rules.error().to_string();
  }
}

TEST(Rules, RegistriesConf) {
  const Result<RegistryRules> rules = parse_registries_conf(R"(
unqualified-search-registries = ["docker.io",
  "quay.io"]  # several lines
short-name-mode = "enforcing"

[[registry]]
prefix = "example.com/foo"
insecure = false
blocked = false
location = "internal.example.net:8080/bar"
mirror-by-digest-only = true

[[registry.mirror]]
location = 'mirror-0.local/m'
insecure = true
[[registry.mirror]]
location = "mirror-1.local"
pull-from-mirror = "tag-only"

[[registry]]
location = "bad.example.com"
blocked = true
[aliases]
"alpine" = "docker.io/library/alpine"
)");
  ASSERT_TRUE(rules.ok()) << rules.error().to_string();
  const auto found = endpoints(rules.value(), "example.com/foo/app");
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0].name(), "mirror-0.local/m/app");
  EXPECT_TRUE(found[0].transport.plain_http && found[0].transport.skip_verify && !found[0].with_tags);
  EXPECT_EQ(found[1].name(), "mirror-1.local/app");
  EXPECT_TRUE(!found[1].with_digests);
  EXPECT_EQ(found[2].name(), "internal.example.net:8080/bar/app");
  EXPECT_FALSE(rules.value().endpoints(Reference::parse("bad.example.com/a").value()).ok());
}

TEST(Rules, RegistriesConfSaysTheLine) {
  const struct {
    const char *text, *message;
  } cases[] = {
      {"[[registry]]\nlocation=\"https://a\"\n", "line 1: the prefix"},
      {"[[registry.mirror]]\nlocation=\"a\"\n", "before any"},
      {"[[registry]]\nprefix=\"a.b\"\n[[registry.mirror]]\nlocation=\"\"\n", "line 3: the location"},
      {"[[registry]]\nprefix=\"a.b\"\n[[registry.mirror]]\nlocation=\"c\"\npull-from-mirror=\"x\"\n",
       "pull-from-mirror"},
      {"a = \n", "line 1: the value"},
  };
  for (const auto& c : cases) {
    const Result<RegistryRules> rules = parse_registries_conf(c.text);
    ASSERT_FALSE(rules.ok()) << c.text;
    EXPECT_NE(rules.error().to_string().find(c.message), std::string::npos) << rules.error().to_string();
  }
}

TEST(Rules, EqualPrefixesBecomeOne) {
  RegistryRules rules = parse_rules("a.lan mirror b.lan\n").value();
  merge(rules, parse_rules("a.lan mirror c.lan\na.lan http\nd.lan http\n").value());
  ASSERT_EQ(rules.rules.size(), 2u);
  const auto found = endpoints(rules, "a.lan/x");
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[1].host, "c.lan");
  EXPECT_TRUE(found[2].transport.plain_http);
}

TEST(Toml, ReadsItsPart) {
  const auto tables =
      toml::parse("a = \"x\\\"\\u00e9\\n\"\n'b c' = 'C:\\x' # y\nd=-5\ne = [ ]\n[t.\"u\"] # z\nf = true");
  ASSERT_TRUE(tables.ok()) << tables.error().to_string();
  ASSERT_EQ(tables.value().size(), 2u);
  const toml::Table& top = tables.value()[0];
  EXPECT_EQ(top.find("a")->text, "x\"\xc3\xa9\n");
  EXPECT_EQ(top.find("b c")->text, "C:\\x");
  EXPECT_EQ(top.find("d")->kind, toml::Kind::kNumber);
  EXPECT_TRUE(top.find("e")->items.empty());
  EXPECT_EQ(tables.value()[1].name, "t.u");
  EXPECT_EQ(tables.value()[1].find("f")->text, "true");
  EXPECT_EQ(tables.value()[1].find("g"), nullptr);
}

TEST(Toml, RefusesTheRest) {
  for (const char* wrong :
       {"a",           "a=",           "a = b",       "a = \"",          "a = \"\"\"x\"\"\"",
        "[a",          "[[a]",         "[a]]",        "a = [1]",         "a = [\"x\" \"y\"]",
        "a = {b = 1}", "a = 1 2",      "a = \"\\q\"", "a = \"\\ud800\"", "a = \"\\u00\"",
        "= 1",         "a = 1\na = 2", "a = [\"x\"",  "a = 2026-01-01",  "a = 1.5"})
    EXPECT_FALSE(toml::parse(wrong).ok()) << wrong;
}

}  // namespace
}  // namespace estiva::image
