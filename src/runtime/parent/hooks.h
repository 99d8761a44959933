// SPDX-License-Identifier: Apache-2.0
// Hooks that run in the runtime's namespaces.
#pragma once

#include "runtime/parent/record.h"

namespace estiva {

// One after another; the first failure ends the list. `kind` is the property's name.
Result<void> run_host_hooks(const std::vector<spec::Hook>& hooks, const char* kind, const spec::State& state);

}  // namespace estiva
