// SPDX-License-Identifier: Apache-2.0
// What the bridge network is made of: names, subnets, addresses, rules. Pure. Addresses of IPv4 are numbers in the
// machine's order, those of IPv6 their 16 bytes (inet.h); an empty one: there is no IPv6.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace estiva::engine {

struct Subnet {
  uint32_t address = 0;
  unsigned prefix = 0;

  uint32_t mask() const { return prefix == 0 ? 0 : ~uint32_t{0} << (32 - prefix); }
  bool overlaps(const Subnet& other) const;
  uint32_t gateway() const { return address + 1; }
};

std::optional<uint32_t> parse_ipv4(std::string_view text);
std::string ipv4_text(uint32_t address);
// In network order, as netlink has it.
std::string ipv4_bytes(uint32_t address);
// Another address, another MAC, the same again later: no neighbour remembers a wrong one.
std::string mac_bytes(uint32_t address);
std::string mac_text(uint32_t address);

// A private one that overlaps none of the routes (default routes do not count). Those of other run roots than the usual
// one begin their search at `start`.
std::optional<Subnet> choose_subnet(const std::vector<Subnet>& routes, uint32_t start);
// The next behind `last` that is not taken: one that was given back is not given again at once.
std::optional<uint32_t> choose_address(const Subnet& subnet, uint32_t last,
                                       const std::vector<uint32_t>& taken);

// Always a /64, of which the first 48 bits say it all.
inline constexpr unsigned kPrefixV6 = 64;
// fd00::/8 with 40 bits that nobody else has (RFC 4193).
std::string unique_subnet(uint64_t random);
struct Destination {
  std::string to;
  unsigned prefix = 0;
};
// With a route to a site or less. One to more, fd00::/8 say, leaves room for a random one.
bool meets(const std::string& subnet, const std::vector<Destination>& routes);
// Of which the number in its subnet is that of the IPv4 address in its own.
std::string address_beside(const std::string& subnet, const Subnet& ipv4, uint32_t address);

// Two run roots never meet.
struct NetworkNames {
  std::string bridge = "cais0", table = "cais";
  uint32_t start = 0;  // for choose_subnet
};
NetworkNames network_names(const std::string& run_root);
// The host's end of a container's pair.
std::string link_name(const std::string& id);

// For `nft -f -`: the table anew, whatever there was.
std::string firewall_script(const NetworkNames& names, const Subnet& subnet, const std::string& subnet_v6);

}  // namespace estiva::engine
