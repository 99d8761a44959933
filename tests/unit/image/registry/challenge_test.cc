// SPDX-License-Identifier: Apache-2.0
// Headers as registries send them, and as they should not.
#include "image/registry/challenge.h"

#include <gtest/gtest.h>

namespace estiva::image {
namespace {

TEST(Challenge, HasSeveralInOneHeader) {
  const auto challenges = parse_challenges(
      R"(Basic realm="a, \"quoted\" realm", Bearer realm="https://auth.docker.io/token",service="registry.docker.io",)"
      R"(scope="repository:library/ubuntu:pull,push" error=insufficient_scope, Negotiate abc==, NTLM)");
  ASSERT_EQ(challenges.size(), 4u);
  EXPECT_EQ(challenges[0].scheme, "basic");
  EXPECT_EQ(challenges[0].find("realm"), "a, \"quoted\" realm");
  EXPECT_EQ(challenges[1].scheme, "bearer");
  EXPECT_EQ(challenges[1].find("realm"), "https://auth.docker.io/token");
  EXPECT_EQ(challenges[1].find("scope"), "repository:library/ubuntu:pull,push");
  EXPECT_EQ(challenges[1].find("error"), "insufficient_scope");
  EXPECT_EQ(challenges[1].find("nothing"), "");
  EXPECT_EQ(challenges[2].scheme, "negotiate");
  EXPECT_EQ(challenges[3].scheme, "ntlm");
}

TEST(Challenge, NamesAreOfAnyCase) {
  const auto challenges = parse_challenges("BEARER Realm = \"x\" , Service=y");
  ASSERT_EQ(challenges.size(), 1u);
  EXPECT_EQ(challenges[0].find("realm"), "x");
  EXPECT_EQ(challenges[0].find("service"), "y");
}

TEST(Challenge, OutOfGrammarEndsTheList) {
  EXPECT_TRUE(parse_challenges("").empty());
  EXPECT_TRUE(parse_challenges(" , ,").empty());
  EXPECT_TRUE(parse_challenges("realm=\"x\"").empty());
  EXPECT_TRUE(parse_challenges("\"x\"").empty());
  const auto open = parse_challenges("Basic realm=\"x");
  ASSERT_EQ(open.size(), 1u);
  EXPECT_EQ(open[0].find("realm"), "x");
  std::string many;
  for (int i = 0; i < 1000; ++i) many += "Basic a=b, ";
  EXPECT_LE(parse_challenges(many).size(), 16u);
}

TEST(RetryAfter, IsANumberOrADate) {
  constexpr int64_t kNow = 784111777;  // Sun, 06 Nov 1994 08:49:37 GMT
  const struct {
    const char* header;
    std::optional<int64_t> seconds;
  } cases[] = {
      {"0", 0},
      {"120", 120},
      {" 7 ", 7},
      {"1.5", 2},
      {"30s", 30},
      {"Sun, 06 Nov 1994 08:50:37 GMT", 60},
      {"Sunday, 06-Nov-94 08:50:37 GMT", 60},
      {"Sun Nov  6 08:50:37 1994", 60},
      {"Sun, 06 Nov 1994 08:00:00 GMT", 0},
      {"-5", std::nullopt},
      {"soon", std::nullopt},
      {"", std::nullopt},
      {"1.x", std::nullopt},
      {"99999999999999999999", std::nullopt},
  };
  for (const auto& c : cases) EXPECT_EQ(parse_retry_after(c.header, kNow), c.seconds) << c.header;
  EXPECT_EQ(parse_retry_after("1700000042", 1700000000), 42) << "Docker Hub: a point in time";
  EXPECT_EQ(parse_retry_after("1600000000", 1700000000), 0);
}

TEST(Rate, IsDockerHubs) {
  EXPECT_EQ(parse_rate("100;w=21600"), (RateValue{100, 21600}));
  EXPECT_EQ(parse_rate("76 ; w=21600"), (RateValue{76, 21600}));
  EXPECT_EQ(parse_rate("5"), (RateValue{5, 0}));
  for (const char* wrong : {"", "x", "-1;w=2", ";w=2"}) EXPECT_FALSE(parse_rate(wrong)) << wrong;
}

TEST(ContentRange, IsWhole) {
  EXPECT_EQ(parse_content_range("bytes 100-199/500"), (ContentRange{100, 199, 500}));
  EXPECT_EQ(parse_content_range("Bytes 0-0/1"), (ContentRange{0, 0, 1}));
  EXPECT_EQ(parse_content_range("bytes 1-2/*"), (ContentRange{1, 2, std::nullopt}));
  for (const char* wrong : {"", "bytes */500", "bytes 5-4/10", "bytes 0-10/10", "bytes 0-1", "bytes -1/5",
                            "items 0-1/2", "bytes 0-18446744073709551616/5"})
    EXPECT_FALSE(parse_content_range(wrong)) << wrong;
}

TEST(UploadRange, SaysHowFarItHasCome) {
  EXPECT_EQ(parse_upload_range("0-1023"), 1024u);
  EXPECT_EQ(parse_upload_range(" bytes=0-1 "), 2u);
  for (const char* wrong : {"", "0-0", "1-5", "0-", "0--5", "0-x", "-5", "0-18446744073709551615"})
    EXPECT_FALSE(parse_upload_range(wrong)) << wrong;
}

}  // namespace
}  // namespace estiva::image
