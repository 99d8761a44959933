// SPDX-License-Identifier: Apache-2.0
// Starts the program of a created container.
#pragma once

#include <string>

#include "estiva/base/log.h"
#include "runtime/parent/store.h"
#include "runtime/sync/protocol.h"

namespace estiva {

// The way to an init that waits to be started.
struct StartGate {
  sync::Channel init;
  std::string filter;  // that it gets with the start; empty: it has it
};

// Connects to the init of a created container. `dir` is locked.
Result<StartGate> open_start_gate(const ContainerDir& dir, const Record& record);

// Lets the program run. Runs the poststart hooks; when one of them, or of the init's startContainer hooks, fails, the
// container is stopped and destroyed (runtime.md).
Result<void> start_container(const Store& store, const ContainerDir& dir, const Record& record,
                             StartGate& gate, Log& log);

}  // namespace estiva
