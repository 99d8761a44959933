// SPDX-License-Identifier: Apache-2.0
// Hooks that run in the runtime's namespaces.
#pragma once

#include "estiva/base/fd.h"
#include "runtime/parent/record.h"

namespace estiva {

// The file that an annotation names for the hooks' output.
Result<Fd> open_hook_output(const std::string& path, std::string_view annotation);

// One after another; the first failure ends the list. `kind` is the property's name.
Result<void> run_host_hooks(const std::vector<spec::Hook>& hooks, const char* kind, const spec::State& state);

}  // namespace estiva
