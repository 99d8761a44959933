// SPDX-License-Identifier: Apache-2.0
// Adds mounts to a container that is there already, and removes some: through a process that joins its mount namespace.
#pragma once

#include <string>
#include <vector>

#include "estiva/spec/spec.h"
#include "runtime/parent/record.h"

namespace estiva {

// All of them or none. Bind sources are the host's. Code::kState when the container does not run.
Result<void> add_mounts(const Record& record, const std::vector<spec::Mount>& mounts);
Result<void> remove_mounts(const Record& record, const std::vector<std::string>& destinations);

}  // namespace estiva
