// SPDX-License-Identifier: Apache-2.0
// Id-mapped mounts, on the host's side: user namespaces that only hold mappings, and their effect on detached trees.
#pragma once

#include <vector>

#include "runtime/child/context.h"

namespace estiva {

// Makes each mapping once. Lives as long as the sources are being opened.
class IdMaps {
 public:
  explicit IdMaps(const child::Context& c) : c_(c) {}

  // Maps the ids of the detached `tree` as the step wants. Errors name the property and the file system.
  Result<void> apply(const MountStep& step, FdView tree);

 private:
  Result<FdView> namespace_of(const MountIdMap& map);

  struct Holder {
    const MountIdMap* map;
    Fd ns;
  };
  const child::Context& c_;
  std::vector<Holder> made_;
};

}  // namespace estiva
