// SPDX-License-Identifier: Apache-2.0
// What a container used, by its control groups: kept open from its creation on, read at its end. Runs in cais-shim.
#pragma once

#include "estiva/base/fd.h"
#include "estiva/shim_records.h"

namespace estiva::shim {

class Usage {
 public:
  // Of the process's control groups; what this host does not count stays unknown.
  static Usage of(pid_t pid);
  void read(ExitRecord& record) const;

 private:
  Fd oom_, peak_, cpu_;
  bool cpu_in_us_ = false;
};

}  // namespace estiva::shim
