// SPDX-License-Identifier: Apache-2.0
// What the host has mounted below /sys/fs/cgroup, as plain data: a part of the host's facts and, beside the
// configuration, the only input of the cgroup plan. Made by cgroup::detect_layout.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace estiva {

struct CgroupHierarchy {
  std::string mount_point;
  // v1: what the hierarchy controls ("cpu", "cpuacct") or its name ("name=systemd").
  // v2: the content of cgroup.controllers of its root.
  std::vector<std::string> controllers;
  bool unified = false;  // cgroup2
  bool operator==(const CgroupHierarchy&) const = default;
};

enum class CgroupMode {
  kNone,    // nothing mounted
  kV1,      // v1 hierarchies only
  kHybrid,  // v1 hierarchies and a cgroup2 mount beside them
  kV2,      // one cgroup2 mount
};

struct CgroupLayout {
  CgroupMode mode = CgroupMode::kNone;
  std::vector<CgroupHierarchy> hierarchies;

  // The cgroup2 hierarchy; null if there is none.
  const CgroupHierarchy* unified() const;
  // The hierarchy that has the controller; null if no hierarchy has it.
  const CgroupHierarchy* with_controller(std::string_view controller) const;
};

}  // namespace estiva
