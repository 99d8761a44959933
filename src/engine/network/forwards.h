// SPDX-License-Identifier: Apache-2.0
// Ports of the host: the sockets that hold them, and what they are to the firewall.
#pragma once

#include <string>
#include <vector>

#include "engine/container/containers.h"
#include "engine/network/endpoint.h"
#include "engine/network/firewall.h"
#include "estiva/base/error.h"
#include "estiva/base/fd.h"
#include "estiva/base/sys_socket.h"

namespace estiva::engine {

// IPPROTO_*.
uint8_t number_of(const std::string& protocol);
Result<std::vector<Forward>> forwards_of(const Endpoint& endpoint);
// Those at which no other container is published by now.
Result<std::vector<Forward>> unclaimed(const Containers& containers, const std::string& id,
                                       std::vector<Forward> forwards);

// To be held as long as the container runs.
struct HeldPort {
  Fd socket;
  uint16_t port = 0;  // of the container, where cais-shim passes on what comes; 0: the kernel does
};
// Sockets that hold the ports of the host; those of which any was asked for are found. A port that is taken is an error in
// docker's words, which says who has it.
Result<std::vector<HeldPort>> hold_ports(const Containers& containers, const ContainerRecord& record,
                                         std::vector<PublishedPort>& ports, Ipv6 ipv6);
// The name of the socket that holds it; of a place with an address.
sys::InetName socket_name(const PublishedPort& place);

}  // namespace estiva::engine
