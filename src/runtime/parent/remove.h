// SPDX-License-Identifier: Apache-2.0
// Ends a container: its processes, its cgroup, its record. Works on whatever is there, however far a create came.
#pragma once

#include "estiva/base/log.h"
#include "runtime/parent/store.h"

namespace estiva {

// Kills what still runs and removes everything that create made; poststop hooks run last, their failures are
// only logged. `dir` is locked.
Result<void> remove_container(const Store& store, const ContainerDir& dir, const Record& record, Log& log);

// For the undo of create.
Result<void> remove_cgroup(const Record& record);
Result<void> remove_directory(const Store& store, const ContainerDir& dir);
Result<void> remove_host_mounts(const Record& record);
void run_poststop(const Record& record, Log& log);

// Sends SIGKILL to the init, or to all of the cgroup where the init's end would not end the others. Does not wait.
Result<void> kill_container(const Record& record);

}  // namespace estiva
