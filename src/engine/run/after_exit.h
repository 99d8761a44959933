// SPDX-License-Identifier: Apache-2.0
// What follows the end of a container, seen by its shim or not: its record, its mounts, --rm, --restart. Idempotent:
// killed at any step, the next command goes on.
#pragma once

#include <functional>

#include "engine/run/engine.h"

namespace estiva::engine {

// What the shim becomes. keep_promise() is to follow. `done` is called as soon as nobody else is to wait.
Strings after_exit_command(const Engine& engine, const std::string& id);
Result<ContainerRecord> after_exit(const Engine& engine, const std::string& id,
                                   const std::function<void()>& done);

// With the container's lock: cleans up after a shim that has ended, after a start that was not finished; nothing to do
// while the container runs.
Result<void> finish_locked(const Engine& engine, const std::string& id);

// Every container whose shim has ended unseen, whose removal, creation, start or pause for a moment was broken off. Cheap where there
// is none. The result is what stands against reading a container's record, of each of which that can't be read: a power
// failure may leave it empty.
Result<std::vector<Error>> reconcile(const Engine& engine);

}  // namespace estiva::engine
