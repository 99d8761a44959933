// SPDX-License-Identifier: Apache-2.0
// Makes, limits, freezes, kills and removes a container's cgroup through cgroupfs. The host side only, on trusted
// paths. A container's processes may at any time be anywhere in the subtree and may have made cgroups of their own.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "estiva/base/error.h"
#include "estiva/base/fd.h"
#include "runtime/cgroup/record.h"
#include "runtime/plan/cgroup.h"
#include "runtime/plan/exec.h"

namespace estiva::cgroup {

struct CgroupHandle {
  Fd unified_dir;                    // for CLONE_INTO_CGROUP; invalid without cgroup2
  std::vector<Fd> v1_tasks;          // the child writes "0" to each to join
  std::vector<std::string> created;  // absolute paths of the directories that did not exist, topmost first
};

// Makes the cgroup in every hierarchy; undoes its own on failure. A cgroup that exists is taken only when it is
// neither populated nor frozen (Code::kState).
Result<CgroupHandle> create(const CgroupLayout& layout, const CgroupPlan& plan);

// Writes limits and owner; to be called before the first process joins. Errors name the property.
Result<void> apply_limits(const CgroupLayout& layout, const CgroupPlan& plan, const CgroupHandle& handle);
// Device rules; to be called before anything but our own code runs inside.
Result<void> apply_devices(const CgroupLayout& layout, const CgroupPlan& plan, const CgroupHandle& handle);

// Moves the init into the cgroup below its own that is its to manage, with every controller that its own has.
Result<void> delegate(const CgroupRecord& record, const CgroupPlan& plan, pid_t init);

// Of a container that runs, for a further process. `below`: cgroups below its own, which must exist.
Result<CgroupHandle> open_to_join(const CgroupRecord& record, const std::vector<SubCgroup>& below);
// The cgroup2 directory that the init has gone to; invalid without cgroup2. `proc_dir`: its /proc/PID.
Result<Fd> open_where_init_is(const CgroupRecord& record, FdView proc_dir);

// What to keep of it in the container's record.
CgroupRecord make_record(const CgroupLayout& layout, const CgroupPlan& plan, const CgroupHandle& handle);

// For all below, a cgroup that has vanished has no processes and is neither populated nor frozen.

// Every process of the subtree, as seen from our pid namespace.
Result<std::vector<pid_t>> processes(const CgroupRecord& record);
Result<bool> populated(const CgroupRecord& record);
Result<bool> frozen(const CgroupRecord& record);

// Sends `signal` to every process of the subtree. SIGKILL also thaws, so that it acts; others reach a frozen
// cgroup when it is thawed.
Result<void> kill_all(const CgroupRecord& record, int signal);

// Returns when every process is frozen; Code::kState after `timeout_ms`, thawed again.
Result<void> freeze(const CgroupRecord& record, int timeout_ms = 10000);
Result<void> thaw(const CgroupRecord& record);

// Removes the cgroup with those made below it, then the parents in `created` that are empty. Waits for its last
// processes to end; after `timeout_ms` the error (Code::kState) names those that remain. Kills nothing.
Result<void> destroy(const CgroupRecord& record, int timeout_ms);

}  // namespace estiva::cgroup
