// SPDX-License-Identifier: Apache-2.0
// --exit-record: one small process that waits for the end of a container's init and writes how it ended. Off by
// default; nothing else of ours stays with a container.
#pragma once

#include "runtime/parent/record.h"
#include "runtime/parent/store.h"
#include "runtime/plan/cgroup_layout.h"

namespace estiva {

inline constexpr const char* kExitRecord = "exit.json";
inline constexpr const char* kExitLock = "exit.lock";  // held until the record is written

// `pidfd`: of the init that `record` names.
Result<void> start_exit_watch(const ContainerDir& dir, const Record& record, const CgroupLayout& layout,
                              FdView pidfd);
// Of an init that has ended: until the record is written, if there is a watcher that will.
Result<void> wait_for_exit_record(const ContainerDir& dir);

}  // namespace estiva
