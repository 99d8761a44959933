// SPDX-License-Identifier: Apache-2.0
// Finds the cgroup hierarchies of the host by looking at /sys/fs/cgroup. Never reads mountinfo: its cost grows
// with every mount of the host. Any process; needs no privilege.
#pragma once

#include "estiva/base/error.h"
#include "estiva/base/sys.h"
#include "runtime/plan/cgroup_layout.h"

namespace estiva::cgroup {

// What a v1 hierarchy controls, from the name of its mount point: "cpu,cpuacct" are two controllers; "systemd" is the
// hierarchy name=systemd, which has none.
std::vector<std::string> v1_controllers(const std::string& name);

// kNone is a result, not an error. On cgroup v2: statfs, and open, read, close of cgroup.controllers.
Result<CgroupLayout> detect_layout(sys::Path mount_point = "/sys/fs/cgroup");

}  // namespace estiva::cgroup
