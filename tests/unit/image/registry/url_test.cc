// SPDX-License-Identifier: Apache-2.0
// Addresses: parts, what is refused, and where a Location leads.
#include "image/registry/url.h"

#include <gtest/gtest.h>

namespace estiva::image {
namespace {

TEST(Url, HasPartsWithTheirDefaults) {
  const Url url = Url::parse("HTTPS://Auth.Docker.IO/token?a=B").value();
  EXPECT_TRUE(url.https);
  EXPECT_EQ(url.host, "auth.docker.io");
  EXPECT_EQ(url.port, 443);
  EXPECT_EQ(url.target, "/token?a=B");
  EXPECT_EQ(url.authority(), "auth.docker.io");
  EXPECT_EQ(Url::parse("http://[::1]:5000").value().to_string(), "http://[::1]:5000/");
  EXPECT_EQ(Url::parse("http://a:80/x#fragment").value().to_string(), "http://a/x");
  EXPECT_EQ(Url::parse("https://a:80/x").value().authority(), "a:80");
}

TEST(Url, RefusesWhatIsNone) {
  for (const char* wrong : {"", "a", "/a", "ftp://a/", "file:///etc/passwd", "https://", "https:///a",
                            "https://u:p@a/", "https://a b/", "https://a/\x01", "https://a:0/",
                            "https://a:x/", "https://a/\xff", "https://a:99999/", "gopher://a"})
    EXPECT_FALSE(Url::parse(wrong).ok()) << wrong;
  EXPECT_FALSE(Url::parse("https://a/" + std::string(20000, 'a')).ok());
}

TEST(Url, ErrorsKeepSecretsToThemselves) {
  EXPECT_EQ(Url::parse("https://user:secret@a/").error().to_string().find("secret"), std::string::npos);
  EXPECT_EQ(Url::parse("ftp://a/b?signature=secret").error().to_string().find("secret"), std::string::npos);
}

TEST(Url, ResolvesLocations) {
  const Url base = Url::parse("https://a:5000/v2/x/blobs/uploads/1?state=a%2Fb").value();
  const struct {
    const char *location, *result;
  } cases[] = {
      {"https://b/c?d=e", "https://b/c?d=e"},
      {"http://b", "http://b/"},
      {"/v2/y?state=%2F&x=1", "https://a:5000/v2/y?state=%2F&x=1"},
      {"//c/d", "https://c/d"},
      {"2?s=1", "https://a:5000/v2/x/blobs/uploads/2?s=1"},
      {"../z", "https://a:5000/v2/x/blobs/z"},
      {"./z/", "https://a:5000/v2/x/blobs/uploads/z/"},
      {"?state=2", "https://a:5000/v2/x/blobs/uploads/1?state=2"},
      {"/../../x", "https://a:5000/x"},
      {"/a//b", "https://a:5000/a//b"},
      {"/a:b", "https://a:5000/a:b"},
  };
  for (const auto& c : cases) {
    const Result<Url> resolved = base.resolve(c.location);
    ASSERT_TRUE(resolved.ok()) << c.location << resolved.error().to_string();
    EXPECT_EQ(resolved.value().to_string(), c.result) << c.location;
  }
  for (const char* wrong : {"", "ftp://a/", "javascript:x", "//", "https://"})
    EXPECT_FALSE(base.resolve(wrong).ok()) << wrong;
}

TEST(Url, KnowsItsOrigin) {
  const Url a = Url::parse("https://a/x").value();
  EXPECT_TRUE(a.same_origin(Url::parse("https://A:443/y").value()));
  for (const char* other : {"http://a/x", "https://a:444/x", "https://b/x", "https://a.b/x"})
    EXPECT_FALSE(a.same_origin(Url::parse(other).value())) << other;
}

TEST(Url, LoopbackIsByName) {
  for (const char* host :
       {"localhost", "localhost:5000", "127.0.0.1", "127.255.0.9:1", "[::1]", "[::1]:5000"})
    EXPECT_TRUE(is_loopback(host)) << host;
  for (const char* host : {"", "localhost.example.com", "127.0.0.1.example.com", "127.0.0", "127.0.0.256",
                           "128.0.0.1", "[::2]", "10.0.0.1", "0x7f.0.0.1"})
    EXPECT_FALSE(is_loopback(host)) << host;
}

TEST(Url, QueriesAreEncoded) {
  std::string target = "/token";
  add_query(target, "service", "a b&c");
  add_query(target, "scope", "repository:library/x:pull,push");
  EXPECT_EQ(target, "/token?service=a%20b%26c&scope=repository:library/x:pull,push");
  EXPECT_EQ(without_query(target), "/token");
}

}  // namespace
}  // namespace estiva::image
