// SPDX-License-Identifier: Apache-2.0
// Ports as --publish and images name them, and as `ps` shows them. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/container/record.h"
#include "estiva/base/error.h"

namespace estiva::engine {

// What a container on the bridge has of it.
enum class Ipv6 : uint8_t {
  kNone,
  kLocal,      // an address, for the host and the other containers: the host does not forward
  kForwarded,  // and a way out
};

struct PublishedPort {
  std::string address;  // of the host; empty: all
  uint16_t host = 0;    // 0: any that is free
  uint16_t container = 0;
  std::string protocol = "tcp";

  bool is_v6() const { return address.find(':') != address.npos; }
  // "0.0.0.0:8080", "[::1]:8080".
  std::string shown_place() const;
};
inline constexpr char kAnyV4[] = "0.0.0.0", kAnyV6[] = "::";
inline bool is_any(const PublishedPort& place) { return place.address == kAnyV4 || place.address == kAnyV6; }

// Of all --publish, ranges as single ports.
Result<std::vector<PublishedPort>> published_ports(const Strings& publish);
// As for --publish.
std::string publish_text(const PublishedPort& port);

// With an address each: all addresses are those of IPv4, and those of IPv6 where that is there.
std::vector<PublishedPort> places_of(const std::vector<PublishedPort>& ports, Ipv6 ipv6);

// Its network has ports that can be reached from outside.
bool publishes(const ContainerOptions& options);

// "0.0.0.0:8080->80/tcp, 443/tcp", neighbours folded: of a container that runs, and the places where it is reached now.
std::string shown_ports(const ContainerRecord& record, const std::vector<PublishedPort>& places);

}  // namespace estiva::engine
