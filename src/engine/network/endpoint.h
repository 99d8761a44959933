// SPDX-License-Identifier: Apache-2.0
// What is written down of the bridge network, in the run root: of the network itself, and of each container that is on
// it, before anything of it is made. So the next command can finish what a killed one began.
#pragma once

#include <string>
#include <vector>

#include "engine/container/containers.h"
#include "engine/container/ports.h"
#include "engine/network/plan.h"
#include "estiva/base/inet.h"
#include "estiva/base/key_values.h"

namespace estiva::engine {

struct Endpoint {
  unsigned version = 1;
  std::string address, gateway, mac, link;
  unsigned prefix = 0;
  std::string address_v6, gateway_v6;  // empty: it has none; its gateway is there if the host forwards
  unsigned prefix_v6 = 0;
  Strings ports;  // as for --publish, with the ports of the host that were found

  Ipv6 ipv6() const {
    if (address_v6.empty()) return Ipv6::kNone;
    return gateway_v6.empty() ? Ipv6::kLocal : Ipv6::kForwarded;
  }
};
inline constexpr Key kEndpointKeys[] = {
    key_values::row<&Endpoint::version>("version"),
    key_values::row<&Endpoint::address>("address"),
    key_values::row<&Endpoint::gateway>("gateway"),
    key_values::row<&Endpoint::mac>("mac"),
    key_values::row<&Endpoint::link>("link"),
    key_values::row<&Endpoint::prefix>("prefix"),
    key_values::row<&Endpoint::address_v6>("address-v6"),
    key_values::row<&Endpoint::gateway_v6>("gateway-v6"),
    key_values::row<&Endpoint::prefix_v6>("prefix-v6"),
    key_values::row<&Endpoint::ports>("port"),
};

struct NetworkState {
  unsigned version = 1;
  std::string network_namespace;  // in which it was made
  std::string address;            // of the subnet
  unsigned prefix = 0;
  std::string last;        // address that was given
  std::string address_v6;  // of the IPv6 subnet; empty: the host has no IPv6
  bool complete = false;   // bridge and rules are as it says here

  Subnet subnet() const { return {parse_ipv4(address).value_or(0), prefix}; }
  std::string subnet_v6() const { return inet::parse(address_v6).value_or(""); }
};
inline constexpr Key kNetworkKeys[] = {
    key_values::row<&NetworkState::version>("version"),
    key_values::row<&NetworkState::network_namespace>("namespace"),
    key_values::row<&NetworkState::address>("address"),
    key_values::row<&NetworkState::prefix>("prefix"),
    key_values::row<&NetworkState::last>("last"),
    key_values::row<&NetworkState::address_v6>("address-v6"),
    key_values::row<&NetworkState::complete>("complete"),
};

inline constexpr char kEndpointFile[] = "network",
                      kNamespaceFile[] = "netns";  // in a container's run directory

// While it has one.
Result<std::optional<Endpoint>> read_endpoint(const Containers& containers, const std::string& id);
Result<void> write_endpoint(const Containers& containers, const std::string& id, const Endpoint& endpoint);
// Of all containers but `id`.
Result<std::vector<Endpoint>> other_endpoints(const Containers& containers, const std::string& id);

Result<std::optional<NetworkState>> read_network(const Containers& containers);
Result<void> write_network(const Containers& containers, const NetworkState& state);
// Whoever changes the network or an endpoint holds it.
Result<Fd> lock_network(const Containers& containers);

// What is published now; nothing of one that does not run.
std::vector<PublishedPort> ports_now(const Containers& containers, const std::string& id);
// The places where that can be reached.
std::vector<PublishedPort> places_now(const Containers& containers, const std::string& id);

}  // namespace estiva::engine
