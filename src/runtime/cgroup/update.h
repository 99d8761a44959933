// SPDX-License-Identifier: Apache-2.0
// Changes the limits and device rules of a cgroup that has processes in it: all of what is asked for, or nothing.
// The host side only.
#pragma once

#include "estiva/base/error.h"
#include "runtime/cgroup/record.h"
#include "runtime/plan/cgroup.h"

namespace estiva::cgroup {

// Code::kState when the cgroup has vanished.
Result<CurrentLimits> current_limits(const CgroupLayout& layout, const CgroupRecord& record);

// A value that is refused takes back those written before it; the error's hint names what could not be taken back.
// `devices`: the plan's device rules replace those that the cgroup has.
Result<void> update(const CgroupLayout& layout, const CgroupPlan& plan, const CgroupRecord& record,
                    bool devices);

}  // namespace estiva::cgroup
