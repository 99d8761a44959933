// SPDX-License-Identifier: Apache-2.0
// A container goes, with what it wrote.
#pragma once

#include <functional>

#include "engine/run/engine.h"

namespace estiva::engine {

// A running one only by force.
Result<void> remove_container(const Engine& engine, const std::string& id, bool force);

// One whose record can't be read, by a beginning of its ID that no other has; false: there is none.
Result<bool> remove_damaged(const Engine& engine, const std::string& wanted);

// With the container's lock:
// all that is there of it, whether a record is or not. `gone` is called once no other command sees it any more; what is left
// are files that nobody looks for.
Result<void> discard(const Engine& engine, const std::string& id, const std::function<void()>& gone = {});
// If its removal was begun, or it ended and was started with --rm.
Result<void> remove_if_due(const Engine& engine, const std::string& id,
                           const std::function<void()>& gone = {});

}  // namespace estiva::engine
