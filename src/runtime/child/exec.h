// SPDX-License-Identifier: Apache-2.0
// A further process of a running container, from clone to exec.
#pragma once

#include "runtime/child/context.h"

namespace estiva::child {

// Returns only on failure.
Error exec(Context& c, sync::Channel& parent);

}  // namespace estiva::child
