// SPDX-License-Identifier: Apache-2.0
// What the host's kernel says of IPv6, and what devices of ours are told. The host's own settings are never changed
// (docs/adr/0047).
#pragma once

#include <string>

#include "engine/container/ports.h"
#include "estiva/base/error.h"

namespace estiva::engine {

// In our network namespace.
Ipv6 ipv6_of_host();
// Devices that are made in our network namespace from now on, or the one of that name: nobody on the bridge may
// configure them by router advertisements, and their addresses can be used at once.
Result<void> quieten_ipv6(const std::string& device = "default");

}  // namespace estiva::engine
