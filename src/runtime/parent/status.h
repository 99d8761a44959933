// SPDX-License-Identifier: Apache-2.0
// The status of a container, found out from the kernel each time: nothing that could be wrong is stored.
#pragma once

#include "runtime/parent/store.h"

namespace estiva {

// The init of the record is the process with that number, and it has not ended.
bool init_alive(const Record& record);

// kCreating while it has no init yet; kCreated as long as the init holds the start lock.
Result<spec::Status> find_status(const ContainerDir& container, const Record& record);

}  // namespace estiva
