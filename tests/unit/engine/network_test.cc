// SPDX-License-Identifier: Apache-2.0
// The bridge network's numbers, its files' texts and the messages to nftables.
#include <gtest/gtest.h>

#include "engine/network/firewall.h"
#include "engine/network/network.h"
#include "engine/network/plan.h"

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
  const std::string script = firewall_script(one, {0x0a5a0000, 16});
  EXPECT_EQ(script.find('@'), script.find("@published_at"));  // all places are filled in
  EXPECT_NE(script.find("ip saddr 10.90.0.0/16 oifname != \"" + one.bridge + "\" masquerade"), script.npos);
}

TEST(Network, NameServersThatOnlyTheHostReachesAreLeftOut) {
  EXPECT_EQ(without_loopback("search a\nnameserver 127.0.0.53\nnameserver\t::1\nnameserver 9.9.9.9\n"),
            "search a\nnameserver 9.9.9.9\n");
  EXPECT_EQ(without_loopback("# nameserver 127.0.0.1\n"), "# nameserver 127.0.0.1\n");
}

TEST(Network, MessagesToNftables) {
  const Forward forwards[] = {{6, 0, 8080, 0x0a5a0002, 80}, {17, 0x7f000001, 53, 0x0a5a0002, 53}};
  const std::string add = change_batch("t", Change::kAdd, forwards);
  const std::string tcp("\x06\0\0\0\x1f\x90\0\0", 8), to("\x0a\x5a\0\x02\0\x50\0\0", 8),
      udp("\x7f\0\0\x01\x11\0\0\0\0\x35\0\0", 12);
  for (const std::string& part : {tcp, to, udp}) EXPECT_NE(add.find(part), add.npos);
  // Begin, one message for each map, end; only the last of the two is acknowledged.
  std::vector<unsigned> flags;
  for (size_t at = 0; at < add.size(); at += net::number<uint32_t>(std::string_view(add).substr(at)))
    flags.push_back(net::number<uint16_t>(std::string_view(add).substr(at + 6)));
  const std::vector<unsigned> expected = {NLM_F_REQUEST, NLM_F_REQUEST | NLM_F_CREATE,
                                          NLM_F_REQUEST | NLM_F_CREATE | NLM_F_ACK, NLM_F_REQUEST};
  EXPECT_EQ(flags, expected);
  const std::string remove = change_batch("t", Change::kRemove, forwards);
  EXPECT_NE(remove.find(tcp), remove.npos);
  EXPECT_EQ(remove.find(to), remove.npos);
  EXPECT_EQ(change_batch("t", Change::kAdd, {}), "");
}

}  // namespace
}  // namespace estiva::engine
