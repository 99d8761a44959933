// SPDX-License-Identifier: Apache-2.0
// Bridge, pairs, addresses.
#include "engine/network/links.h"

#include <errno.h>
#include <linux/if_bridge.h>
#include <linux/veth.h>
#include <net/if.h>

#include "estiva/base/files.h"
#include "estiva/base/text.h"

namespace estiva::engine {

namespace {

using net::NetlinkSocket;
using net::Payload;
using net::Request;

constexpr char kInside[] = "eth0";
constexpr unsigned kMake = NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL;

struct ifinfomsg link_header(int index, bool up) {
  struct ifinfomsg header = {};
  header.ifi_index = index;
  if (up) header.ifi_flags = header.ifi_change = IFF_UP;
  return header;
}

Result<void> tell(NetlinkSocket& socket, Request request) {
  TRY(socket.ask(std::move(request)));
  return {};
}

Result<void> set_up(NetlinkSocket& route, int index) {
  return tell(route, Request(RTM_NEWLINK, NLM_F_ACK, link_header(index, true)));
}

Result<Link> need_link(NetlinkSocket& route, const std::string& name) {
  const std::optional<Link> found = TRY(find_link(route, name));
  if (!found) return Error(Code::kNotFound, text::cat("network device ", name, " has gone"));
  return *found;
}

Result<void> add_address(NetlinkSocket& route, int index, uint32_t address, unsigned prefix) {
  struct ifaddrmsg header = {};
  header.ifa_family = AF_INET;
  header.ifa_prefixlen = static_cast<uint8_t>(prefix);
  header.ifa_index = static_cast<uint32_t>(index);
  Request request(RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE, header);
  request.add(IFA_LOCAL, ipv4_bytes(address));
  request.add(IFA_ADDRESS, ipv4_bytes(address));
  return tell(route, std::move(request));
}

Result<void> make_bridge(NetlinkSocket& route, const std::string& name, const Subnet& subnet) {
  Payload info;
  info.add_text(IFLA_INFO_KIND, "bridge");
  Request request(RTM_NEWLINK, kMake, link_header(0, false));
  request.add_text(IFLA_IFNAME, name);
  // Its own, or it would change with each port.
  request.add(IFLA_ADDRESS, mac_bytes(subnet.gateway()));
  request.add_nested(IFLA_LINKINFO, info);
  return tell(route, std::move(request));
}

// What comes in by a port may leave by it again: a container that calls its own published port.
Result<void> set_hairpin(NetlinkSocket& route, int index) {
  Payload data, info;
  data.add_number(IFLA_BRPORT_MODE, uint8_t{1});
  info.add_text(IFLA_INFO_SLAVE_KIND, "bridge");
  info.add_nested(IFLA_INFO_SLAVE_DATA, data);
  Request request(RTM_NEWLINK, NLM_F_ACK, link_header(index, false));
  request.add_nested(IFLA_LINKINFO, info);
  return tell(route, std::move(request));
}

}  // namespace

Result<std::optional<Link>> find_link(NetlinkSocket& route, const std::string& name) {
  Request request(RTM_GETLINK, NLM_F_ACK, link_header(0, false));
  request.add_text(IFLA_IFNAME, name);
  Result<std::vector<std::string>> answers = route.ask(std::move(request));
  if (!answers.ok() && answers.error().errnum() == ENODEV) return std::optional<Link>();
  const std::vector<std::string> payloads = TRY(std::move(answers));
  if (payloads.empty()) return std::optional<Link>();
  const auto header = net::number<struct ifinfomsg>(payloads[0]);
  return std::optional<Link>({header.ifi_index, (header.ifi_flags & IFF_UP) != 0});
}

Result<void> remove_link(NetlinkSocket& route, const std::string& name) {
  const std::optional<Link> link = TRY(find_link(route, name));
  if (!link) return {};
  Result<void> removed = tell(route, Request(RTM_DELLINK, NLM_F_ACK, link_header(link->index, false)));
  return !removed.ok() && removed.error().errnum() == ENODEV ? Result<void>() : std::move(removed);
}

Result<Link> ensure_bridge(NetlinkSocket& route, const std::string& name, const Subnet& subnet) {
  std::optional<Link> link = TRY(find_link(route, name));
  if (link && link->up) return *link;
  if (!link) TRY(make_bridge(route, name, subnet));
  link = TRY(need_link(route, name));
  TRY(add_address(route, link->index, subnet.gateway(), subnet.prefix));
  // Connections from 127.0.0.1 to published ports.
  TRY(files::write_kernel(FdView::cwd(), text::cat("/proc/sys/net/ipv4/conf/", name, "/route_localnet"),
                          "1"));
  TRY(set_up(route, link->index));
  return *link;
}

Result<void> make_pair(NetlinkSocket& route, const PairRequest& request) {
  Payload peer(link_header(0, false));  // it can't be up before there is the other end
  peer.add_text(IFLA_IFNAME, kInside);
  peer.add(IFLA_ADDRESS, mac_bytes(request.address));
  peer.add_number(IFLA_NET_NS_FD, static_cast<uint32_t>(request.network_namespace.number()));
  Payload data, info;
  data.add_nested(VETH_INFO_PEER, peer);
  info.add_text(IFLA_INFO_KIND, "veth");
  info.add_nested(IFLA_INFO_DATA, data);
  Request made(RTM_NEWLINK, kMake, link_header(0, true));
  made.add_text(IFLA_IFNAME, request.name);
  made.add_number(IFLA_MASTER, static_cast<uint32_t>(request.bridge));
  made.add_nested(IFLA_LINKINFO, info);
  TRY(tell(route, std::move(made)));
  return set_hairpin(route, TRY(need_link(route, request.name)).index);
}

Result<void> configure_inside(NetlinkSocket& inside, const Subnet& subnet, uint32_t address) {
  TRY(set_up(inside, 1));  // the loopback is always the first
  const Link link = TRY(need_link(inside, kInside));
  TRY(add_address(inside, link.index, address, subnet.prefix));
  TRY(set_up(inside, link.index));
  struct rtmsg header = {};
  header.rtm_family = AF_INET;
  header.rtm_table = RT_TABLE_MAIN;
  header.rtm_protocol = RTPROT_STATIC;
  header.rtm_scope = RT_SCOPE_UNIVERSE;
  header.rtm_type = RTN_UNICAST;
  Request route(RTM_NEWROUTE, kMake, header);
  route.add(RTA_GATEWAY, ipv4_bytes(subnet.gateway()));
  route.add_number(RTA_OIF, link.index);
  return tell(inside, std::move(route));
}

Result<std::vector<Subnet>> routes_of_host(NetlinkSocket& route) {
  struct rtmsg asked = {};
  asked.rtm_family = AF_INET;
  std::vector<Subnet> out;
  for (const std::string& payload : TRY(route.ask(Request(RTM_GETROUTE, NLM_F_DUMP, asked)))) {
    const auto header = net::number<struct rtmsg>(payload);
    const std::string_view to = net::find(net::attributes(payload, sizeof header), RTA_DST);
    if (header.rtm_family != AF_INET || to.size() != 4) continue;
    uint32_t address = 0;
    for (const char each : to) address = address << 8 | static_cast<unsigned char>(each);
    out.push_back({address, header.rtm_dst_len});
  }
  return out;
}

}  // namespace estiva::engine
