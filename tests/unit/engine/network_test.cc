// SPDX-License-Identifier: Apache-2.0
// The bridge network's numbers, its files' texts and the messages to nftables.
#include <gtest/gtest.h>

#include "engine/network/firewall.h"
#include "engine/network/forwards.h"
#include "engine/network/network.h"
#include "engine/network/plan.h"
#include "estiva/base/inet.h"
#include "estiva/base/text.h"

namespace estiva::engine {
namespace {

TEST(Network, AddressesAsText) {
  EXPECT_EQ(parse_ipv4("10.90.0.1"), std::optional<uint32_t>(0x0a5a0001));
  for (const char* bad : {"", "10", "10.0.0", "10.0.0.256", "10.0.0.1.2", "::1", "10.0.0.-1", " 10.0.0.1"})
    EXPECT_FALSE(parse_ipv4(bad)) << bad;
  EXPECT_EQ(ipv4_text(0x0a5a0001), "10.90.0.1");
  EXPECT_EQ(mac_text(0x0a5a00ff), "02:42:0a:5a:00:ff");
}

TEST(Network, TheSubnetOverlapsNoRoute) {
  const auto chosen = [](const std::vector<Subnet>& routes, uint32_t start) {
    const std::optional<Subnet> subnet = choose_subnet(routes, start);
    return subnet ? ipv4_text(subnet->address) : "none";
  };
  EXPECT_EQ(chosen({}, 0), "10.90.0.0");
  EXPECT_EQ(chosen({{0, 0}}, 0), "10.90.0.0");  // a default route
  EXPECT_EQ(chosen({{0x0a5a0300, 24}, {0x0a5b0000, 16}}, 0), "10.92.0.0");
  EXPECT_EQ(chosen({{0x0a000000, 8}}, 0), "172.31.0.0");
  EXPECT_EQ(chosen({{0x0a000000, 8}, {0xac100000, 12}}, 7), "none");
}

TEST(Network, AnAddressThatWasGivenBackIsNotTheNext) {
  const Subnet subnet{0x0a5a0000, 29};  // 2 to 6 are for containers
  const auto next = [&](uint32_t last, const std::vector<uint32_t>& taken) {
    return choose_address(subnet, last, taken).value_or(0) & 0xff;
  };
  EXPECT_EQ(next(0, {}), 2u);
  EXPECT_EQ(next(0x0a5a0002, {}), 3u);
  EXPECT_EQ(next(0x0a5a0002, {0x0a5a0003}), 4u);
  EXPECT_EQ(next(0x0a5a0006, {}), 2u);
  EXPECT_EQ(next(0x0a5a0006, {0x0a5a0002, 0x0a5a0003, 0x0a5a0004, 0x0a5a0005, 0x0a5a0006}), 0u);
}

TEST(Network, RunRootsNeverMeet) {
  EXPECT_EQ(network_names("/run/cais").bridge, "cais0");
  EXPECT_EQ(network_names("/run/cais").table, "cais");
  const NetworkNames one = network_names("/tmp/one"), two = network_names("/tmp/two");
  EXPECT_NE(one.bridge, two.bridge);
  EXPECT_LT(one.bridge.size(), 16u);
  EXPECT_LT(link_name(std::string(64, 'a')).size(), 16u);
  const std::string script = firewall_script(one, {0x0a5a0000, 16}, "");
  EXPECT_EQ(script.find('@'), script.find("@published_at"));  // all places are filled in
  EXPECT_NE(script.find("ip saddr 10.90.0.0/16 oifname != \"" + one.bridge + "\" masquerade"), script.npos);
}

TEST(Network, RulesOfIpv6StandInTheTableOnlyWhereItIsThere) {
  const Subnet subnet{0x0a5a0000, 16};
  EXPECT_EQ(firewall_script({}, subnet, "").find("v6"), std::string::npos);
  const std::string script = firewall_script({}, subnet, unique_subnet(0x0504030201));
  for (const char* part : {"\n  map published_v6 ", "\n    ip6 daddr { ::1, fe80::/10 } return\n",
                           "\n    ip6 saddr fd01:203:405::/64 oifname != \"cais0\" masquerade\n"})
    EXPECT_NE(script.find(part), script.npos) << part;
  EXPECT_EQ(script.find("\n6"), script.npos);
}

TEST(Network, TheIpv6SubnetIsItsSitesAlone) {
  const std::string subnet = unique_subnet(0x0504030201);
  EXPECT_EQ(inet::text(subnet), "fd01:203:405::");
  const auto conflicts = [&](const char* to, unsigned prefix) {
    return meets(subnet, {{inet::parse("2001:db8::").value(), 64}, {inet::parse(to).value(), prefix}});
  };
  EXPECT_TRUE(conflicts("fd01:203:405::", 64));
  EXPECT_TRUE(conflicts("fd01:203:405:7::", 64));  // another network of the same site
  EXPECT_TRUE(conflicts("fd01:203:405::1", 128));
  EXPECT_FALSE(conflicts("fd01:203:406::", 48));
  EXPECT_FALSE(conflicts("fd00::", 8));  // or a host that routes all of them would have none
  EXPECT_EQ(inet::text(address_beside(subnet, {0x0a5a0000, 16}, 0x0a5a0102)), "fd01:203:405::102");
  EXPECT_EQ(address_beside("", {0x0a5a0000, 16}, 0x0a5a0102), "");
}

Strings shown(const std::vector<Forward>& forwards) {
  Strings out;
  for (const Forward& each : forwards)
    out.push_back(
        text::cat(inet::text(each.at), " ", each.port, " ", inet::text(each.to), " ", each.to_port));
  return out;
}

TEST(Network, Ipv6IsForwardedWhereTheHostForwards) {
  Endpoint endpoint{.address = "10.90.0.2", .address_v6 = "fd00::2"};
  endpoint.ports = {"8080:80/tcp", "[::1]:81:81/tcp", "[2001:db8::1]:82:82/tcp", "53:53/udp"};
  const Strings ipv4 = {" 8080 10.90.0.2 80", " 53 10.90.0.2 53"};
  EXPECT_EQ(shown(forwards_of(endpoint).value()), ipv4);  // cais-shim has the rest
  endpoint.gateway_v6 = "fd00::1";
  const Strings all = {" 8080 10.90.0.2 80", " 8080 fd00::2 80", "2001:db8::1 82 fd00::2 82",
                       " 53 10.90.0.2 53", " 53 fd00::2 53"};
  EXPECT_EQ(shown(forwards_of(endpoint).value()), all);
}

TEST(Network, NameServersThatOnlyTheHostReachesAreLeftOut) {
  EXPECT_EQ(without_loopback("search a\nnameserver 127.0.0.53\nnameserver\t::1\nnameserver 9.9.9.9\n"),
            "search a\nnameserver 9.9.9.9\n");
  EXPECT_EQ(without_loopback("# nameserver 127.0.0.1\n"), "# nameserver 127.0.0.1\n");
}

TEST(Network, MessagesToNftables) {
  const std::string container = ipv4_bytes(0x0a5a0002), container_v6 = inet::parse("fd00::2").value();
  const Forward forwards[] = {{6, "", 8080, container, 80},
                              {17, ipv4_bytes(0x7f000001), 53, container, 53},
                              {6, "", 8080, container_v6, 80}};
  const std::string add = change_batch("t", Change::kAdd, forwards);
  const std::string tcp("\x06\0\0\0\x1f\x90\0\0", 8), to("\x0a\x5a\0\x02\0\x50\0\0", 8),
      udp("\x7f\0\0\x01\x11\0\0\0\0\x35\0\0", 12), to_v6 = container_v6 + to.substr(4),
                                                   map_v6("published_v6\0", 13);
  for (const std::string& part : {tcp, to, udp, to_v6, map_v6}) EXPECT_NE(add.find(part), add.npos);
  // Begin, one message for each map, end; only the last of the three is acknowledged.
  std::vector<unsigned> flags;
  for (size_t at = 0; at < add.size(); at += net::number<uint32_t>(std::string_view(add).substr(at)))
    flags.push_back(net::number<uint16_t>(std::string_view(add).substr(at + 6)));
  const std::vector<unsigned> expected = {NLM_F_REQUEST, NLM_F_REQUEST | NLM_F_CREATE,
                                          NLM_F_REQUEST | NLM_F_CREATE,
                                          NLM_F_REQUEST | NLM_F_CREATE | NLM_F_ACK, NLM_F_REQUEST};
  EXPECT_EQ(flags, expected);
  const std::string remove = change_batch("t", Change::kRemove, forwards);
  EXPECT_NE(remove.find(tcp), remove.npos);
  EXPECT_EQ(remove.find(to), remove.npos);
  EXPECT_EQ(change_batch("t", Change::kAdd, {}), "");
}

}  // namespace
}  // namespace estiva::engine
