// SPDX-License-Identifier: Apache-2.0
// --restart: who is about to start a container again, and going on where that one was killed.
#pragma once

#include "engine/run/engine.h"
#include "estiva/shim_records.h"

namespace estiva::engine {

// With the container's lock, before its end is cleaned up after: this process will look after its restart. Nothing
// where its policy has none.
Result<void> promise_restart(const Engine& engine, const ContainerRecord& record);
// After that, without the lock: starts it again, with back-off, if its policy says so of this end. The promise is
// kept then.
Result<void> keep_promise(const Engine& engine, const ContainerRecord& record);

// With the lock: another process goes on with it, for whoever waits for this one is not to wait for the back-off too.
// Where nothing is to be restarted any more the promise is forgotten, and so is one of an earlier boot.
Result<void> pass_promise(const Engine& engine, const std::string& id);

}  // namespace estiva::engine
