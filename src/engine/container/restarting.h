// SPDX-License-Identifier: Apache-2.0
// --restart: what a policy says of an end, and the promise of a process to look after the restart. The promise is a file
// in the container's directory, from before its end is forgotten until it runs again or is not to.
#pragma once

#include "engine/container/containers.h"
#include "estiva/shim_records.h"

namespace estiva::engine {

// Its policy as it stands: none where the user has ended the container.
bool has_policy(const ContainerRecord& record);
// `record.restarts` are those before this end.
bool wants_restart(const ContainerRecord& record, const shim::ExitRecord& exit);

// `by`, a process, promises it from here on, and nobody else.
Result<void> write_promise(const Containers& containers, const ContainerRecord& record, int32_t by);
Result<void> forget_promise(const Containers& containers, const std::string& id);
// Somebody has promised in this boot, whether he lives or not.
bool is_promised(const Containers& containers, const std::string& id);
// Somebody has promised a restart and is no more.
bool is_promise_broken(const Containers& containers, const std::string& id);
// It is this process that has promised it.
bool is_promise_ours(const Containers& containers, const std::string& id);
// It has ended so, and a process that lives is about to start it again.
bool is_restarting(const Containers& containers, const ContainerRecord& record, const shim::ExitRecord& exit);

}  // namespace estiva::engine
