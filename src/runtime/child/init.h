// SPDX-License-Identifier: Apache-2.0
// The container's first process, from clone to exec.
#pragma once

#include "runtime/child/context.h"

namespace estiva::child {

// Returns only on failure.
Error init(Context& c, sync::Channel& parent);

}  // namespace estiva::child
