// SPDX-License-Identifier: Apache-2.0
// What is remembered of a container's cgroup to operate and remove it later, without configuration or detection.
#pragma once

#include <string>
#include <vector>

namespace estiva::cgroup {

struct RecordedHierarchy {
  std::string mount_point;
  bool unified = false;
  // v1 only: the hierarchy with the freezer controller.
  bool freezer = false;
  bool operator==(const RecordedHierarchy&) const = default;
};

struct CgroupRecord {
  std::string path;  // as in CgroupPlan; empty: the container has no cgroup of its own
  std::vector<RecordedHierarchy> hierarchies;
  std::vector<std::string> created;  // as in CgroupHandle
  bool operator==(const CgroupRecord&) const = default;
};

}  // namespace estiva::cgroup
