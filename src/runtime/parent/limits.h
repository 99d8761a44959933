// SPDX-License-Identifier: Apache-2.0
// Limits and scheduling that need the host's privilege, set by the parent when the child asks.
#pragma once

#include "estiva/base/error.h"
#include "runtime/plan/plan.h"

namespace estiva {

// Of the container's process `pid`. Leads a process group of its own.
Result<void> apply_limits(pid_t pid, const Plan& plan);

}  // namespace estiva
