// SPDX-License-Identifier: Apache-2.0
// Bridge, pairs, addresses.
#include "engine/network/links.h"

#include <errno.h>
#include <linux/if_bridge.h>
#include <linux/veth.h>
#include <net/if.h>

#include "engine/network/ipv6.h"
#include "estiva/base/files.h"
#include "estiva/base/inet.h"
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

Request set_up(int index) { return Request(RTM_NEWLINK, 0, link_header(index, true)); }

Result<Link> need_link(NetlinkSocket& route, const std::string& name) {
  const std::optional<Link> found = TRY(find_link(route, name));
  if (!found) return Error(Code::kNotFound, text::cat("network device ", name, " has gone"));
  return *found;
}

// Several at once; the last is acknowledged. After an error the socket may have more to say: it is not used again.
Result<void> tell_all(NetlinkSocket& socket, std::vector<Request> requests) {
  requests.back().acknowledge();
  std::string bytes;
  for (Request& each : requests) bytes += each.bytes();
  TRY(socket.ask_bytes(bytes));
  return {};
}

int family_of(const std::string& address) { return address.size() == inet::kV6 ? AF_INET6 : AF_INET; }

Request new_address(int index, const std::string& address, unsigned prefix) {
  struct ifaddrmsg header = {};
  header.ifa_family = static_cast<uint8_t>(family_of(address));
  header.ifa_prefixlen = static_cast<uint8_t>(prefix);
  header.ifa_flags = header.ifa_family == AF_INET6 ? IFA_F_NODAD : 0;  // nobody else can have it
  header.ifa_index = static_cast<uint32_t>(index);
  Request request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, header);
  request.add(IFA_LOCAL, address);
  request.add(IFA_ADDRESS, address);
  return request;
}

Request default_route(int index, const std::string& gateway) {
  struct rtmsg header = {};
  header.rtm_family = static_cast<uint8_t>(family_of(gateway));
  header.rtm_table = RT_TABLE_MAIN;
  header.rtm_protocol = RTPROT_STATIC;
  header.rtm_scope = RT_SCOPE_UNIVERSE;
  header.rtm_type = RTN_UNICAST;
  Request request(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, header);
  request.add(RTA_GATEWAY, gateway);
  request.add_number(RTA_OIF, index);
  return request;
}

Result<void> make_bridge(NetlinkSocket& route, const std::string& name, uint32_t address) {
  Payload info;
  info.add_text(IFLA_INFO_KIND, "bridge");
  Request request(RTM_NEWLINK, kMake, link_header(0, false));
  request.add_text(IFLA_IFNAME, name);
  // Its own, or it would change with each port.
  request.add(IFLA_ADDRESS, mac_bytes(address));
  request.add_nested(IFLA_LINKINFO, info);
  return tell(route, std::move(request));
}

// One of each, which is what a pair uses. Without a word the kernel makes one for each processor, and waits for a grace
// period at either end until it has put the others aside.
void add_queues(Payload& link) {
  link.add_number(IFLA_NUM_TX_QUEUES, uint32_t{1});
  link.add_number(IFLA_NUM_RX_QUEUES, uint32_t{1});
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

Result<Link> ensure_bridge(NetlinkSocket& route, const std::string& name, const Addresses& addresses,
                           bool known) {
  std::optional<Link> link = TRY(find_link(route, name));
  if (known && link && link->up) return *link;
  if (!link) TRY(make_bridge(route, name, addresses.address));
  link = TRY(need_link(route, name));
  // Connections from 127.0.0.1 to published ports.
  TRY(files::write_kernel(FdView::cwd(), text::cat("/proc/sys/net/ipv4/conf/", name, "/route_localnet"),
                          "1"));
  std::vector<Request> requests;
  requests.push_back(new_address(link->index, ipv4_bytes(addresses.address), addresses.subnet.prefix));
  if (!addresses.address_v6.empty()) {
    TRY(quieten_ipv6(name));
    requests.push_back(new_address(link->index, addresses.address_v6, kPrefixV6));
  }
  requests.push_back(set_up(link->index));
  TRY(tell_all(route, std::move(requests)));
  return *link;
}

Result<void> make_pair(NetlinkSocket& route, const PairRequest& request) {
  Payload peer(link_header(0, false));  // it can't be up before there is the other end
  peer.add_text(IFLA_IFNAME, kInside);
  peer.add(IFLA_ADDRESS, mac_bytes(request.address));
  peer.add_number(IFLA_NET_NS_FD, static_cast<uint32_t>(request.network_namespace.number()));
  add_queues(peer);
  Payload data, info;
  data.add_nested(VETH_INFO_PEER, peer);
  info.add_text(IFLA_INFO_KIND, "veth");
  info.add_nested(IFLA_INFO_DATA, data);
  Request made(RTM_NEWLINK, kMake, link_header(0, true));
  made.add_text(IFLA_IFNAME, request.name);
  made.add_number(IFLA_MASTER, static_cast<uint32_t>(request.bridge));
  made.add_nested(IFLA_LINKINFO, info);
  add_queues(made);
  TRY(tell(route, std::move(made)));
  return set_hairpin(route, TRY(need_link(route, request.name)).index);
}

Result<void> configure_inside(NetlinkSocket& inside, const Addresses& addresses) {
  const int index = TRY(need_link(inside, kInside)).index;
  std::vector<Request> requests;
  requests.push_back(set_up(1));  // the loopback is always the first
  requests.push_back(new_address(index, ipv4_bytes(addresses.address), addresses.subnet.prefix));
  requests.push_back(set_up(index));
  if (!addresses.address_v6.empty()) requests.push_back(new_address(index, addresses.address_v6, kPrefixV6));
  requests.push_back(default_route(index, ipv4_bytes(addresses.subnet.gateway())));
  if (!addresses.gateway_v6.empty()) requests.push_back(default_route(index, addresses.gateway_v6));
  return tell_all(inside, std::move(requests));
}

// Destinations and the length of their prefixes; default routes have none.
static Result<std::vector<Destination>> destinations(NetlinkSocket& route, int family, size_t size) {
  struct rtmsg asked = {};
  asked.rtm_family = static_cast<uint8_t>(family);
  std::vector<Destination> out;
  for (const std::string& payload : TRY(route.ask(Request(RTM_GETROUTE, NLM_F_DUMP, asked)))) {
    const auto header = net::number<struct rtmsg>(payload);
    const std::string_view to = net::find(net::attributes(payload, sizeof header), RTA_DST);
    if (header.rtm_family == family && to.size() == size)
      out.push_back({std::string(to), header.rtm_dst_len});
  }
  return out;
}

Result<std::vector<Subnet>> routes_of_host(NetlinkSocket& route) {
  std::vector<Subnet> out;
  for (const Destination& each : TRY(destinations(route, AF_INET, inet::kV4))) {
    uint32_t address = 0;
    for (const char byte : each.to) address = address << 8 | static_cast<unsigned char>(byte);
    out.push_back({address, each.prefix});
  }
  return out;
}

Result<std::vector<Destination>> ipv6_routes_of_host(NetlinkSocket& route) {
  return destinations(route, AF_INET6, inet::kV6);
}

}  // namespace estiva::engine
