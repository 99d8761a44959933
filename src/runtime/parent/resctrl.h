// SPDX-License-Identifier: Apache-2.0
// The container's groups of the resctrl file system (Intel RDT; kernel: Documentation/filesystems/resctrl.rst).
#pragma once

#include <sys/types.h>

#include <string>

#include "estiva/base/error.h"
#include "runtime/parent/record.h"
#include "runtime/plan/plan.h"

namespace estiva::resctrl {

// Where the groups will be: known before they are made, so that even a killed create leaves a record of them. Nothing
// is asked for: an empty record.
Result<ResctrlRecord> locate(const std::optional<RdtStep>& step);

// Makes the groups, or checks the one that is there. Undoes its own on failure.
Result<void> make(const RdtStep& step, ResctrlRecord& record);

// The process and those that it will clone.
Result<void> join(const ResctrlRecord& record, pid_t pid);

// New lines for the container's group; what its file had before, to be written back.
Result<std::string> update(const ResctrlRecord& record, const std::string& lines);

// What was made. A group that others use too stays.
Result<void> remove(const ResctrlRecord& record);

// Both are lines of a schemata file. Each domain of each resource of `wanted` has the same value in `present`.
bool satisfies(std::string_view present, std::string_view wanted);

}  // namespace estiva::resctrl
