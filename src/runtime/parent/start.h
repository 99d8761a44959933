// SPDX-License-Identifier: Apache-2.0
// Starts the program of a created container.
#pragma once

#include "estiva/base/log.h"
#include "runtime/parent/store.h"

namespace estiva {

// `dir` is locked. Runs the poststart hooks; when one fails, the container is stopped and destroyed (runtime.md).
Result<void> start_container(const Store& store, const ContainerDir& dir, const Record& record, Log& log);

}  // namespace estiva
