// SPDX-License-Identifier: Apache-2.0
// Numbers and names of the bridge network.
#include "engine/network/plan.h"

#include <algorithm>

#include "estiva/base/inet.h"
#include "estiva/base/text.h"

namespace estiva::engine {

namespace {

constexpr char kUsualRunRoot[] = "/run/cais";
constexpr unsigned kCandidates = 54;
constexpr size_t kSiteBytes = 6;  // of a unique local address: fd, and what is random

// Away from what docker and podman take first.
Subnet candidate(unsigned index) {
  constexpr uint32_t kTen = 10u << 24, kTwelve = 172u << 24 | 16u << 16;
  if (index < 38) return {kTen | (90 + index) << 16, 16};
  return {kTwelve + ((15 - (index - 38)) << 16), 16};
}

uint32_t hash(std::string_view text) {
  uint32_t out = 2166136261u;  // FNV-1a
  for (const char each : text) out = (out ^ static_cast<unsigned char>(each)) * 16777619u;
  return out;
}

std::string hex(uint32_t number, size_t digits) {
  std::string out(digits, '0');
  for (size_t i = digits; i-- > 0; number >>= 4) out[i] = "0123456789abcdef"[number & 15];
  return out;
}

// @B bridge, @T table, @S subnet, @U that of IPv6; a line that begins with 6 is left out where there is none. What comes
// to [::1] can't be sent on from there, and of what comes from fe80::/10 nothing leaves its link: that is cais-shim's.
constexpr std::string_view kScript = R"(table inet @T
delete table inet @T
table inet @T {
  map published { type inet_proto . inet_service : ipv4_addr . inet_service; }
  map published_at { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service; }
6 map published_v6 { type inet_proto . inet_service : ipv6_addr . inet_service; }
6 map published_v6_at { type ipv6_addr . inet_proto . inet_service : ipv6_addr . inet_service; }
  chain to_container {
    meta nfproto ipv4 dnat ip to ip daddr . meta l4proto . th dport map @published_at
    meta nfproto ipv4 dnat ip to meta l4proto . th dport map @published
6   ip6 daddr { ::1, fe80::/10 } return
6   meta nfproto ipv6 dnat ip6 to ip6 daddr . meta l4proto . th dport map @published_v6_at
6   meta nfproto ipv6 dnat ip6 to meta l4proto . th dport map @published_v6
  }
  chain guard {
    type filter hook prerouting priority raw; policy accept;
    iifname "@B" ip daddr 127.0.0.0/8 drop
  }
  chain arriving {
    type nat hook prerouting priority dstnat; policy accept;
    fib daddr type local jump to_container
  }
  chain leaving {
    type nat hook output priority -100; policy accept;
    fib daddr type local jump to_container
  }
  chain masquerades {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr @S oifname != "@B" masquerade
    ip saddr 127.0.0.0/8 oifname "@B" masquerade
    ip saddr @S oifname "@B" ct status dnat masquerade
6   ip6 saddr @U oifname != "@B" masquerade
6   ip6 saddr @U oifname "@B" ct status dnat masquerade
  }
  chain crossing {
    type filter hook forward priority filter; policy accept;
    oifname "@B" iifname != "@B" ct state new ct status & dnat == 0 drop
  }
}
)";

}  // namespace

bool Subnet::overlaps(const Subnet& other) const {
  const uint32_t common = mask() & other.mask();
  return (address & common) == (other.address & common);
}

std::optional<uint32_t> parse_ipv4(std::string_view text) {
  const std::vector<std::string> parts = text::split(text, '.');
  if (parts.size() != 4) return std::nullopt;
  uint32_t out = 0;
  for (const std::string& each : parts) {
    const auto number = text::number<uint8_t>(each);
    if (!number) return std::nullopt;
    out = out << 8 | *number;
  }
  return out;
}

std::string ipv4_text(uint32_t address) {
  return text::cat(address >> 24, ".", address >> 16 & 255, ".", address >> 8 & 255, ".", address & 255);
}

std::string ipv4_bytes(uint32_t address) {
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(address >> shift & 255);
  return out;
}

std::string mac_bytes(uint32_t address) { return "\x02\x42" + ipv4_bytes(address); }

std::string mac_text(uint32_t address) {
  std::string out;
  for (const char each : mac_bytes(address))
    out += text::cat(out.empty() ? "" : ":", hex(static_cast<unsigned char>(each), 2));
  return out;
}

std::optional<Subnet> choose_subnet(const std::vector<Subnet>& routes, uint32_t start) {
  for (unsigned i = 0; i < kCandidates; ++i) {
    const Subnet subnet = candidate((start + i) % kCandidates);
    const auto conflicts = [&](const Subnet& route) { return route.prefix != 0 && route.overlaps(subnet); };
    if (std::ranges::none_of(routes, conflicts)) return subnet;
  }
  return std::nullopt;
}

std::optional<uint32_t> choose_address(const Subnet& subnet, uint32_t last,
                                       const std::vector<uint32_t>& taken) {
  // Neither the subnet's own, the gateway's, nor that of broadcasts.
  const uint32_t first = subnet.address + 2, count = ~subnet.mask() - 2;
  const uint32_t begin = last < first || last - first >= count ? 0 : last - first + 1;
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t address = first + (begin + i) % count;
    if (std::ranges::find(taken, address) == taken.end()) return address;
  }
  return std::nullopt;
}

std::string unique_subnet(uint64_t random) {
  std::string out(inet::kV6, '\0');
  out[0] = '\xfd';
  for (size_t i = 1; i < kSiteBytes; ++i, random >>= 8) out[i] = static_cast<char>(random & 255);
  return out;
}

bool meets(const std::string& subnet, const std::vector<Destination>& routes) {
  return std::ranges::any_of(routes, [&](const Destination& route) {
    return route.prefix >= kSiteBytes * 8 && route.to.compare(0, kSiteBytes, subnet, 0, kSiteBytes) == 0;
  });
}

std::string address_beside(const std::string& subnet, const Subnet& ipv4, uint32_t address) {
  if (subnet.empty()) return "";
  return subnet.substr(0, inet::kV6 - inet::kV4) + ipv4_bytes(address & ~ipv4.mask());
}

NetworkNames network_names(const std::string& run_root) {
  NetworkNames out;
  if (run_root == kUsualRunRoot) return out;
  const std::string own = hex(hash(run_root), 8);
  out.bridge = text::cat("cais-", own);
  out.table = text::cat("cais-", own);
  out.start = hash(run_root);
  return out;
}

std::string link_name(const std::string& id) { return text::cat("veth", id.substr(0, 10)); }

std::string firewall_script(const NetworkNames& names, const Subnet& subnet, const std::string& subnet_v6) {
  std::string out;
  for (std::string& line : text::split(kScript, '\n')) {
    if (line.starts_with('6')) {
      if (subnet_v6.empty()) continue;
      line[0] = ' ';
    }
    for (size_t i = 0; i < line.size(); ++i) {
      const char key = line[i] == '@' ? line[i + 1] : 0;
      std::string value;
      if (key == 'B') value = names.bridge;
      if (key == 'T') value = names.table;
      if (key == 'S') value = text::cat(ipv4_text(subnet.address), "/", subnet.prefix);
      if (key == 'U') value = text::cat(inet::text(subnet_v6), "/", kPrefixV6);
      out += value.empty() ? std::string(1, line[i]) : value;
      if (!value.empty()) ++i;
    }
    out += '\n';
  }
  return out;
}

}  // namespace estiva::engine
