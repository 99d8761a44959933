// SPDX-License-Identifier: Apache-2.0
// Network devices of the bridge network, by rtnetlink.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/network/plan.h"
#include "estiva/base/error.h"
#include "estiva/base/netlink.h"

namespace estiva::engine {

struct Link {
  int index = 0;
  bool up = false;
};
Result<std::optional<Link>> find_link(net::NetlinkSocket& route, const std::string& name);
// A missing one is no error.
Result<void> remove_link(net::NetlinkSocket& route, const std::string& name);

// Addresses of one device. IPv6: empty where it has none (or no way out).
struct Addresses {
  Subnet subnet;
  uint32_t address = 0;
  std::string address_v6, gateway_v6;
};
// The bridge with the gateways' addresses, up. `known`: one that is up is complete.
Result<Link> ensure_bridge(net::NetlinkSocket& route, const std::string& name, const Addresses& addresses,
                           bool known);

struct PairRequest {
  std::string name;          // of the host's end
  int bridge = 0;            // which it becomes a port of
  uint32_t address = 0;      // the container's
  FdView network_namespace;  // where the other end is made, as eth0
};
Result<void> make_pair(net::NetlinkSocket& route, const PairRequest& request);
// In the container: loopback, the addresses, the default routes.
Result<void> configure_inside(net::NetlinkSocket& inside, const Addresses& addresses);

// Where the host's routes lead to.
Result<std::vector<Subnet>> routes_of_host(net::NetlinkSocket& route);
Result<std::vector<Destination>> ipv6_routes_of_host(net::NetlinkSocket& route);

}  // namespace estiva::engine
