// SPDX-License-Identifier: Apache-2.0
// What is written down of the bridge network, in the run root: of the network itself, and of each container that is on
// it, before anything of it is made. So the next command can finish what a killed one began.
#pragma once

#include <string>
#include <vector>

#include "engine/container/containers.h"
#include "engine/container/ports.h"
#include "engine/network/plan.h"
#include "estiva/base/key_values.h"

namespace estiva::engine {

struct Endpoint {
  unsigned version = 1;
  std::string address, gateway, mac, link;
  unsigned prefix = 0;
  Strings ports;  // as for --publish, with the ports of the host that were found
};
inline constexpr Key kEndpointKeys[] = {
    key_values::row<&Endpoint::version>("version"), key_values::row<&Endpoint::address>("address"),
    key_values::row<&Endpoint::gateway>("gateway"), key_values::row<&Endpoint::mac>("mac"),
    key_values::row<&Endpoint::link>("link"),       key_values::row<&Endpoint::prefix>("prefix"),
    key_values::row<&Endpoint::ports>("port"),
};

struct NetworkState {
  unsigned version = 1;
  std::string network_namespace;  // in which it was made
  std::string address;            // of the subnet
  unsigned prefix = 0;
  std::string last;  // address that was given

  Subnet subnet() const { return {parse_ipv4(address).value_or(0), prefix}; }
};
inline constexpr Key kNetworkKeys[] = {
    key_values::row<&NetworkState::version>("version"),
    key_values::row<&NetworkState::network_namespace>("namespace"),
    key_values::row<&NetworkState::address>("address"),
    key_values::row<&NetworkState::prefix>("prefix"),
    key_values::row<&NetworkState::last>("last"),
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

// Where they can be reached now; none of one that does not run.
std::vector<PublishedPort> ports_now(const Containers& containers, const std::string& id);

}  // namespace estiva::engine
