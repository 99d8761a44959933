// SPDX-License-Identifier: Apache-2.0
// Look-ups in the layout of the host's cgroup hierarchies.
#include "runtime/plan/cgroup_layout.h"

#include <algorithm>

namespace estiva {

const CgroupHierarchy* CgroupLayout::unified() const {
  const auto found =
      std::ranges::find_if(hierarchies, [](const CgroupHierarchy& one) { return one.unified; });
  return found == hierarchies.end() ? nullptr : &*found;
}

const CgroupHierarchy* CgroupLayout::with_controller(std::string_view controller) const {
  const auto found = std::ranges::find_if(hierarchies, [&](const CgroupHierarchy& one) {
    return std::ranges::find(one.controllers, controller) != one.controllers.end();
  });
  return found == hierarchies.end() ? nullptr : &*found;
}

}  // namespace estiva
