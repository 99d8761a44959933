// SPDX-License-Identifier: Apache-2.0
// Ports as --publish and images name them, and as `ps` shows them. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/container/record.h"
#include "estiva/base/error.h"

namespace estiva::engine {

struct PublishedPort {
  std::string address;  // of the host; empty: all
  uint16_t host = 0;    // 0: any that is free
  uint16_t container = 0;
  std::string protocol = "tcp";

  std::string shown_address() const { return address.empty() ? "0.0.0.0" : address; }
};

// Of all --publish, ranges as single ports.
Result<std::vector<PublishedPort>> published_ports(const Strings& publish);
// As for --publish.
std::string publish_text(const PublishedPort& port);

// Its network has ports that can be reached from outside.
bool publishes(const ContainerOptions& options);

// "0.0.0.0:8080->80/tcp, 443/tcp", neighbours folded: of a container that runs, and whose ports are published so now.
std::string shown_ports(const ContainerRecord& record, const std::vector<PublishedPort>& published);

}  // namespace estiva::engine
