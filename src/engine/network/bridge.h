// SPDX-License-Identifier: Apache-2.0
// The bridge network: a container's way onto it and off again, published ports included (docs/network.md).
#pragma once

#include <string>
#include <vector>

#include "engine/container/containers.h"
#include "engine/network/endpoint.h"
#include "engine/network/forwards.h"
#include "estiva/base/error.h"

namespace estiva::engine {

struct Joined {
  Endpoint endpoint;
  std::vector<HeldPort> held;
  Subnet subnet;
  int bridge = 0;        // index of the device
  Fd network_namespace;  // made and pinned; that of a container with users of its own is made by the runtime
};
// Makes the network where it is missing. A port that is taken is refused before anything is made. After an error
// leave_bridge() takes back what there is.
Result<Joined> join_bridge(const Containers& containers, const ContainerRecord& record);
// What is left to be done, beside the runtime or after it: links and addresses.
Result<void> connect_bridge(const Joined& joined);
// leave_bridge() lets go of it.
Result<void> pin_namespace(const Containers& containers, const std::string& id, FdView network_namespace);
// The network of another container that runs, with its hosts and name servers.
Result<void> join_container(const Containers& containers, const ContainerRecord& record);
// Whatever there is of it; nothing is no error.
Result<void> leave_bridge(const Containers& containers, const std::string& id);
// Of one that is on it: ports that are held already are published too, or some no longer. The record is the endpoint's.
Result<void> open_more_ports(const Containers& containers, const std::string& id,
                             const std::vector<PublishedPort>& ports);
Result<void> close_some_ports(const Containers& containers, const std::string& id,
                              const std::vector<PublishedPort>& ports);
// After a flush of the firewall: the rules and the ports of all that run.
Result<void> heal_bridge(const Containers& containers);

// Refuses what can't be published.
Result<void> check_published(const ContainerOptions& options);

}  // namespace estiva::engine
