// SPDX-License-Identifier: Apache-2.0
// Between the files of the cgroup plan: the limits of one controller as files of cgroup v1 or v2. Pure.
// A number of 0 where it makes no limit (memory, shares, quota, period) asks for nothing, as engines expect.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "estiva/base/error.h"
#include "estiva/spec/resources.h"
#include "runtime/plan/cgroup.h"

namespace estiva::plan {

// The files of one controller. No file: nothing is asked of the controller.
using ControllerFiles = Result<std::vector<CgroupFile>> (*)(const spec::Resources&);

struct Controller {
  std::string_view v1;  // its name on v1; empty: it has no v1
  std::string_view v2;
  ControllerFiles v1_files;
  ControllerFiles v2_files;
};

// In the order of writing.
extern const Controller kControllers[9];

// "/linux/resources/" and `property`.
std::string resource_pointer(std::string_view property);

// memory.swap is memory and swap together; what is left for swap alone. -1: unlimited; nothing: not asked for.
Result<std::optional<int64_t>> swap_alone(const spec::Memory& memory);

Result<std::vector<CgroupFile>> memory_v1(const spec::Resources& resources);
Result<std::vector<CgroupFile>> memory_v2(const spec::Resources& resources);
Result<std::vector<CgroupFile>> cpu_v1(const spec::Resources& resources);
Result<std::vector<CgroupFile>> cpu_v2(const spec::Resources& resources);
Result<std::vector<CgroupFile>> block_io_v1(const spec::Resources& resources);
Result<std::vector<CgroupFile>> block_io_v2(const spec::Resources& resources);
// The same files on both.
Result<std::vector<CgroupFile>> cpuset(const spec::Resources& resources);
Result<std::vector<CgroupFile>> pids(const spec::Resources& resources);
Result<std::vector<CgroupFile>> rdma(const spec::Resources& resources);
Result<std::vector<CgroupFile>> hugetlb_v1(const spec::Resources& resources);
Result<std::vector<CgroupFile>> hugetlb_v2(const spec::Resources& resources);
Result<std::vector<CgroupFile>> net_cls(const spec::Resources& resources);
Result<std::vector<CgroupFile>> net_prio(const spec::Resources& resources);
Result<std::vector<CgroupFile>> no_net_cls(const spec::Resources& resources);
Result<std::vector<CgroupFile>> no_net_prio(const spec::Resources& resources);

}  // namespace estiva::plan
