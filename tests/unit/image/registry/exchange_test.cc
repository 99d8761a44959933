// SPDX-License-Identifier: Apache-2.0
// Redirects, authorisation and repetition without a network: answers in, requests out.
#include "image/registry/exchange.h"

#include <gtest/gtest.h>

namespace estiva::image {
namespace {

using Step = Exchange::Step;

struct Counting : Authorizer {
  std::string value;
  int challenges = 0;
  Result<std::string> authorization(const std::string&) override { return value; }
  Result<void> challenged(const Response&, const std::string&) override {
    ++challenges;
    value = "Bearer t";
    return {};
  }
};

struct ExchangeTest : testing::Test {
  RegistryRules rules = parse();
  Manners manners;
  Counting authorizer;
  Ask ask;
  static RegistryRules parse() {
    RegistryRules made;
    made.rules.push_back({"plain.lan", "", {true, false}});
    return made;
  }
  ExchangeTest() {
    manners.rules = &rules;
    manners.trust = [](const std::string&) -> Result<const Trust*> {
      static const Trust trust;
      return &trust;
    };
    ask.url = Url::parse("https://r.lan/v2/a/blobs/x").value();
    ask.authorizer = &authorizer;
  }
  static Outcome status(int number, std::vector<std::pair<std::string, std::string>> headers = {},
                        std::string body = "") {
    return {Response{number, std::move(headers), std::move(body)}};
  }
  static Outcome lost() { return {Error(Code::kSystem, "connection lost"), true, true}; }
  static bool has_authorization(const Request& request) {
    for (const std::string& header : request.headers)
      if (header.starts_with("Authorization:")) return true;
    return false;
  }
};

TEST_F(ExchangeTest, CredentialsStayWithTheirOrigin) {
  authorizer.value = "Bearer t";
  for (const auto& [location, kept] : {std::pair{"https://cdn.lan/x", false},
                                       {"https://r.lan:444/x", false},
                                       {"/y", true},
                                       {"https://r.lan/y", true},
                                       {"https://r.lan.evil/y", false}}) {
    Exchange exchange(manners, ask, true);
    EXPECT_TRUE(has_authorization(exchange.next().value()));
    ASSERT_EQ(exchange.took(status(307, {{"location", location}})), Step::kAgain) << location;
    const Request request = exchange.next().value();
    EXPECT_EQ(has_authorization(request), kept) << location;
    EXPECT_EQ(exchange.took(status(200)), Step::kDone);
    EXPECT_EQ(std::move(exchange).answer().value().status, 200);
  }
}

TEST_F(ExchangeTest, ForeignHostsAreNotAuthorised) {
  Exchange exchange(manners, ask, true);
  (void)exchange.next();
  ASSERT_EQ(exchange.took(status(307, {{"location", "https://cdn.lan/x?signature=secret"}})), Step::kAgain);
  (void)exchange.next();
  ASSERT_EQ(exchange.took(status(401, {{"www-authenticate", "Basic realm=x"}})), Step::kDone);
  const Result<Response> answer = std::move(exchange).answer();
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(authorizer.challenges, 0);
  EXPECT_NE(answer.error().to_string().find("cdn.lan"), std::string::npos);
  EXPECT_EQ(answer.error().to_string().find("secret"), std::string::npos);
}

TEST_F(ExchangeTest, ATrustworthyRedirectOnly) {
  const struct {
    const char *from, *to;
    bool followed;
  } cases[] = {
      {"https://r.lan/", "http://r.lan/", false},
      {"https://r.lan/", "http://localhost/", false},
      {"https://r.lan/", "file:///etc/passwd", false},
      {"https://r.lan/", "https://other/", true},
      {"http://localhost:5000/", "http://localhost:6000/", true},
      {"http://localhost:5000/", "http://plain.lan/", true},
      {"http://localhost:5000/", "http://other.lan/", false},
      {"http://localhost:5000/", "https://other.lan/", true},
  };
  for (const auto& c : cases) {
    ask.url = Url::parse(c.from).value();
    Exchange exchange(manners, ask, true);
    (void)exchange.next();
    EXPECT_EQ(exchange.took(status(302, {{"location", c.to}})), c.followed ? Step::kAgain : Step::kDone)
        << c.to;
    EXPECT_TRUE(c.followed || !std::move(exchange).answer().ok()) << c.to;
  }
}

TEST_F(ExchangeTest, TenRedirectsAndNoMore) {
  Exchange exchange(manners, ask, true);
  for (int i = 0; i < 10; ++i) {
    (void)exchange.next();
    ASSERT_EQ(exchange.took(status(307, {{"location", "/loop"}})), Step::kAgain) << i;
  }
  (void)exchange.next();
  EXPECT_EQ(exchange.took(status(307, {{"location", "/loop"}})), Step::kDone);
  EXPECT_FALSE(std::move(exchange).answer().ok());
}

TEST_F(ExchangeTest, AMethodIsRepeatedOnlyWhereItMay) {
  ask.method = "PUT";
  Exchange refused(manners, ask, true);
  (void)refused.next();
  EXPECT_EQ(refused.took(status(302, {{"location", "/y"}})), Step::kDone);
  Exchange followed(manners, ask, true);
  (void)followed.next();
  ASSERT_EQ(followed.took(status(307, {{"location", "/y"}})), Step::kAgain);
  EXPECT_EQ(followed.next().value().method, "PUT");
  ask.keep_origin = true;
  Exchange secret(manners, ask, true);
  (void)secret.next();
  EXPECT_EQ(secret.took(status(307, {{"location", "https://other/"}})), Step::kDone);
}

TEST_F(ExchangeTest, ChallengesEnd) {
  Exchange exchange(manners, ask, true);
  for (int i = 0; i < 3; ++i) {
    (void)exchange.next();
    ASSERT_EQ(exchange.took(status(401)), Step::kAgain);
  }
  (void)exchange.next();
  EXPECT_EQ(exchange.took(status(401)), Step::kDone);
  EXPECT_EQ(std::move(exchange).answer().value().status, 401);
}

TEST_F(ExchangeTest, RepeatsFromTheStart) {
  uint64_t received = 0;
  ask.received = [&] { return received; };
  ask.prepare = [&](Request& request) {
    request.headers.push_back("Range: bytes=" + std::to_string(received) + "-");
  };
  Exchange exchange(manners, ask, true);
  (void)exchange.next();
  ASSERT_EQ(exchange.took(status(307, {{"location", "https://cdn.lan/x"}})), Step::kAgain);
  (void)exchange.next();
  received = 5 << 20;
  ASSERT_EQ(exchange.took(lost()), Step::kAgain) << "at once after progress";
  const Request again = exchange.next().value();
  EXPECT_EQ(again.url, ask.url) << "where the registry redirects to may have changed";
  EXPECT_EQ(again.headers.back(), "Range: bytes=5242880-");
  ASSERT_EQ(exchange.took(lost()), Step::kWait);
  EXPECT_GT(exchange.wait_ms(), 0);
}

TEST_F(ExchangeTest, WhatIsTransientAndWhatIsNot) {
  for (const int number : {408, 429, 500, 502, 503, 504}) {
    Exchange exchange(manners, ask, true);
    (void)exchange.next();
    EXPECT_EQ(exchange.took(status(number)), Step::kWait) << number;
  }
  for (const int number : {200, 206, 400, 403, 404, 416, 501}) {
    Exchange exchange(manners, ask, true);
    (void)exchange.next();
    EXPECT_EQ(exchange.took(status(number)), Step::kDone) << number;
  }
  Exchange told(manners, ask, true);
  (void)told.next();
  ASSERT_EQ(told.took(status(429, {{"retry-after", "7"}})), Step::kWait);
  EXPECT_GE(told.wait_ms(), 7000);
  Exchange impatient(manners, ask, true);
  (void)impatient.next();
  ASSERT_EQ(
      impatient.took(status(429, {{"retry-after", "21600"}},
                            R"({"errors":[{"code":"TOOMANYREQUESTS","message":"slow\u001b[2J down"}]})")),
      Step::kDone);
  const std::string text = std::move(impatient).answer().error().to_string();
  EXPECT_NE(text.find("21600"), std::string::npos) << text;
  EXPECT_NE(text.find("slow\\x1b[2J down"), std::string::npos) << text;
}

TEST_F(ExchangeTest, AHostThatWasNeverThereIsNotRepeated) {
  Exchange first(manners, ask, false);
  (void)first.next();
  EXPECT_EQ(first.took({Error(Code::kSystem, "refused"), true, false}), Step::kDone);
  Exchange later(manners, ask, true);
  (void)later.next();
  EXPECT_EQ(later.took({Error(Code::kSystem, "refused"), true, false}), Step::kWait);
  Exchange certificate(manners, ask, true);
  (void)certificate.next();
  EXPECT_EQ(certificate.took({Error(Code::kSystem, "not trusted"), false, true}), Step::kDone);
}

TEST_F(ExchangeTest, WhatAProxyMayHaveSaidNamesIt) {
  for (const auto& [number, words] : {std::pair{502, "r.lan: through the proxy p.lan:3128: status 502"},
                                      {407, "r.lan: the proxy p.lan:3128 asks for a login, status 407"}}) {
    manners.retry.retries = 0;
    Exchange exchange(manners, ask, true);
    (void)exchange.next();
    Outcome outcome = status(number);
    outcome.response.value().proxy = "p.lan:3128";
    ASSERT_EQ(exchange.took(std::move(outcome)), Step::kDone);
    const Result<Response> answer = std::move(exchange).answer();
    ASSERT_FALSE(answer.ok());
    EXPECT_NE(answer.error().to_string().find(words), std::string::npos) << answer.error().to_string();
  }
}

}  // namespace
}  // namespace estiva::image
