// SPDX-License-Identifier: Apache-2.0
// All processes of a container wait, and go on. Before anything is done it is written down by whom, so that the next
// command finishes what a killed one began: what it paused goes on.
#pragma once

#include "engine/run/engine.h"

namespace estiva::engine {

enum class PausedUntil : uint8_t { kUnpaused, kOurEnd };
Result<void> pause_container(const Engine& engine, const ContainerRecord& record, PausedUntil until);
Result<void> unpause_container(const Engine& engine, const ContainerRecord& record);

// With the container's lock: goes on if whoever paused it has died.
Result<void> resume_forgotten(const Engine& engine, const ContainerRecord& record);

}  // namespace estiva::engine
