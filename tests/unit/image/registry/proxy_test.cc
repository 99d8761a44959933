// SPDX-License-Identifier: Apache-2.0
// Which proxy is asked, by the environment.
#include "image/registry/proxy.h"

#include <gtest/gtest.h>

#include <map>

namespace estiva::image {
namespace {

using Environment = std::map<std::string, std::string>;

std::optional<Proxy> found(const std::string& url, const Environment& environment) {
  return find_proxy(Url::parse(url).value(), [&](const char* name) {
    const auto at = environment.find(name);
    return at == environment.end() ? nullptr : at->second.c_str();
  });
}

std::string asked(const std::string& url, const Environment& environment) {
  const std::optional<Proxy> proxy = found(url, environment);
  return proxy ? proxy->url : "directly";
}

std::string asked_but_for(const std::string& patterns, const std::string& url) {
  return asked(url, {{"all_proxy", "p"}, {"no_proxy", patterns}});
}

TEST(Proxy, IsNamedForASchemeThenForAll) {
  EXPECT_EQ(asked("http://a.lan", {}), "directly");
  EXPECT_EQ(asked("http://a.lan", {{"http_proxy", "p"}, {"HTTP_PROXY", "q"}, {"all_proxy", "r"}}), "p");
  EXPECT_EQ(asked("http://a.lan", {{"http_proxy", ""}, {"HTTP_PROXY", "q"}, {"all_proxy", "r"}}), "q");
  EXPECT_EQ(asked("http://a.lan", {{"https_proxy", "p"}}), "directly");
  EXPECT_EQ(asked("https://a.lan", {{"http_proxy", "p"}}), "directly");
  EXPECT_EQ(asked("https://a.lan", {{"http_proxy", "p"}, {"HTTPS_PROXY", "q"}}), "q");
  EXPECT_EQ(asked("https://a.lan", {{"http_proxy", "p"}, {"ALL_PROXY", "r"}}), "r");
}

TEST(Proxy, OfAHeaderIsNotTaken) {
  EXPECT_EQ(asked("http://a.lan", {{"HTTP_PROXY", "q"}, {"REQUEST_METHOD", "GET"}}), "directly");
  EXPECT_EQ(asked("http://a.lan", {{"http_proxy", "p"}, {"REQUEST_METHOD", "GET"}}), "p");
}

TEST(Proxy, LoopbackIsAskedItself) {
  for (const char* url :
       {"http://localhost:5000", "https://127.0.0.1", "http://127.9.8.7", "http://[::1]:5000"})
    EXPECT_EQ(asked(url, {{"all_proxy", "p"}}), "directly") << url;
}

TEST(Proxy, NoProxyNamesHostsAndDomains) {
  for (const char* patterns :
       {"*", "a.lan", "x, a.lan", "x a.lan", "lan", ".lan", "*.lan", "A.LAN", "a.lan."})
    EXPECT_EQ(asked_but_for(patterns, "http://a.lan:5000"), "directly") << patterns;
  for (const char* patterns :
       {"", ",", ".", "an", "b.lan", "a.lan.x", "*.a", "xa.lan", "10.0.0.0/8", "lan/8"})
    EXPECT_EQ(asked_but_for(patterns, "http://a.lan:5000"), "p") << patterns;
}

TEST(Proxy, NoProxyMayNameAPort) {
  EXPECT_EQ(asked_but_for("a.lan:5000", "http://a.lan:5000"), "directly");
  EXPECT_EQ(asked_but_for("a.lan:5001", "http://a.lan:5000"), "p");
  EXPECT_EQ(asked_but_for("a.lan:443", "https://a.lan"), "directly");
  EXPECT_EQ(asked_but_for("10.1.2.3:5000", "http://10.1.2.3:5000"), "directly");
  EXPECT_EQ(asked_but_for("[fd00::1]:5000", "http://[fd00::1]:5000"), "directly");
}

TEST(Proxy, NoProxyNamesAddressesAndNetworks) {
  for (const char* patterns : {"10.1.2.3", "10.0.0.0/8", "10.1.2.2/31", "0.0.0.0/0"})
    EXPECT_EQ(asked_but_for(patterns, "http://10.1.2.3"), "directly") << patterns;
  for (const char* patterns :
       {"10.1.2.4", "11.0.0.0/8", "10.1.2.4/31", "10.0.0.0/33", "10.0.0.0/x", "::/0", "2.3"})
    EXPECT_EQ(asked_but_for(patterns, "http://10.1.2.3"), "p") << patterns;
  for (const char* patterns : {"fd00::1", "[fd00::1]", "fd00::/8"})
    EXPECT_EQ(asked_but_for(patterns, "http://[fd00::1]:5000"), "directly") << patterns;
  EXPECT_EQ(asked_but_for("fd01::/16", "http://[fd00::1]:5000"), "p");
  EXPECT_EQ(asked("http://a.lan", {{"http_proxy", "p"}, {"NO_PROXY", "a.lan"}}), "directly");
}

TEST(Proxy, IsShownWithoutItsLogin) {
  for (const auto& [given, shown] :
       std::map<std::string, std::string>{{"http://ada:s3@cret@p.lan:3128", "http://p.lan:3128"},
                                          {"ada:s3cret@p.lan:3128", "p.lan:3128"},
                                          {"http://p.lan:3128/a@b", "http://p.lan:3128/a@b"},
                                          {"p.lan", "p.lan"}}) {
    const std::optional<Proxy> proxy = found("http://a.lan", {{"HTTP_PROXY", given}});
    ASSERT_TRUE(proxy.has_value());
    EXPECT_EQ(proxy->url, given);
    EXPECT_EQ(proxy->shown, shown);
    EXPECT_EQ(proxy->variable, "HTTP_PROXY");
  }
}

}  // namespace
}  // namespace estiva::image
