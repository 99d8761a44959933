// SPDX-License-Identifier: Apache-2.0
// Opens, on the host's side and before the child exists, what the child can't or must not open by a path: the root
// file system, the sources of bind mounts, device nodes for user namespaces, namespaces to join.
#pragma once

#include "runtime/child/context.h"

namespace estiva {

// Errors name the property. Detached trees (open_tree(2)) come with attributes and propagation set.
Result<void> open_sources(child::Context& c);

// For what the child writes to the host's procfs.
Result<Fd> open_host_proc();
bool has_label(const ProcessPlan& process);

}  // namespace estiva
