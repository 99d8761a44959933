// SPDX-License-Identifier: Apache-2.0
// Mounts for a container that is there already: made and removed by a process of ours that joins its mount namespace.
// Everything below the container's root goes by descriptor: its processes change the paths meanwhile as they like.
#pragma once

#include <string>
#include <vector>

#include "runtime/child/context.h"

namespace estiva::child {

// Each context has one mount in its plan; the first has the namespaces to join. Attaches all of them or none.
Result<void> add_later(std::vector<Context>& mounts);
// Unmounts what is at the destinations, the last first: all or none.
Result<void> remove_later(Context& c, const std::vector<std::string>& destinations);

}  // namespace estiva::child
