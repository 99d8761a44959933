// SPDX-License-Identifier: Apache-2.0
// A container runs: mounts, its shim, the runtime's create and start, with an undo right behind each do.
#pragma once

#include "engine/run/engine.h"
#include "engine/shim/connection.h"
#include "estiva/shim_records.h"

namespace estiva::engine {

struct StartRequest {
  uint8_t wants = 0;  // shim::Wants of the client that starts it
  shim::Size size = {};
  bool by_policy = false;  // a restart, which counts
};
// Locks the container meanwhile. Its shim's first client, once the program has begun.
Result<ShimConnection> start_container(const Engine& engine, const std::string& id,
                                       const StartRequest& request);

// The path of cais-shim.
std::string shim_program(const Engine& engine);

// 127 or 126 of an error that says that the program is not there or can't be executed; else 125.
int status_of_error(const Error& error);

}  // namespace estiva::engine
