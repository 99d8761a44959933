// SPDX-License-Identifier: Apache-2.0
// Ports of a running container on the bridge: more of them, or fewer, without a restart. All or nothing; the next start
// publishes what is published then.
#pragma once

#include <string>

#include "engine/run/engine.h"

namespace estiva::engine {

// `spec` as for --publish.
Result<void> add_ports(const Engine& engine, const std::string& id, const std::string& spec);
// The same, or less: "80" is every place at which that port of the container is published.
Result<void> remove_ports(const Engine& engine, const std::string& id, const std::string& spec);

}  // namespace estiva::engine
