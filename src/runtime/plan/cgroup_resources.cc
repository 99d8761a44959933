// SPDX-License-Identifier: Apache-2.0
// The table of controllers, and those whose limits are few: pids, hugetlb, rdma, net_cls, net_prio. Pure.
#include "runtime/plan/cgroup_resources.h"

#include <algorithm>

#include "estiva/base/text.h"
#include "runtime/plan/pointer.h"

namespace estiva::plan {

namespace {

// "2MB": a part of a file's name, so no more than it has to be (a "/" would leave the cgroup).
bool is_page_size(std::string_view size) {
  if (size.size() < 3 || !size.ends_with('B')) return false;
  const char unit = size[size.size() - 2];
  const std::string_view digits = size.substr(0, size.size() - 2);
  return (unit == 'K' || unit == 'M' || unit == 'G') && digits.front() != '0' &&
         std::ranges::all_of(digits, [](char digit) { return digit >= '0' && digit <= '9'; });
}

Result<std::vector<CgroupFile>> hugetlb(const spec::Resources& resources, std::string_view suffix,
                                        std::string_view reserved_suffix) {
  std::vector<CgroupFile> files;
  for (size_t i = 0; i < resources.hugepage_limits.size(); ++i) {
    const spec::HugepageLimit& one = resources.hugepage_limits[i];
    const std::string object = resource_pointer(text::cat("hugepageLimits/", i));
    if (!is_page_size(one.page_size)) {
      return Error::invalid(object + "/pageSize", text::cat("must be a size such as 64KB, 2MB or 1GB, not ",
                                                            text::quote(one.page_size)));
    }
    const std::string limit = text::cat(one.limit);
    files.push_back({.file = text::cat("hugetlb.", one.page_size, suffix), .value = limit, .object = object});
    // Reservations are limited since Linux 5.7; without it a process is killed at a fault instead of refused at mmap.
    files.push_back({.file = text::cat("hugetlb.", one.page_size, reserved_suffix),
                     .value = limit,
                     .optional = true,
                     .object = object});
  }
  return files;
}

}  // namespace

const Controller kControllers[9] = {
    {"memory", "memory", memory_v1, memory_v2},
    {"cpuset", "cpuset", cpuset, cpuset},
    {"cpu", "cpu", cpu_v1, cpu_v2},
    {"pids", "pids", pids, pids},
    {"blkio", "io", block_io_v1, block_io_v2},
    {"hugetlb", "hugetlb", hugetlb_v1, hugetlb_v2},
    {"rdma", "rdma", rdma, rdma},
    {"net_cls", "", net_cls, no_net_cls},
    {"net_prio", "", net_prio, no_net_prio},
};

std::string resource_pointer(std::string_view property) { return text::cat("/linux/resources/", property); }

// 0 is a limit, "no further process": the one that there is must be counted, so the kernel is told 1.
Result<std::vector<CgroupFile>> pids(const spec::Resources& resources) {
  std::vector<CgroupFile> files;
  if (!resources.pids.has_value() || !resources.pids->limit.has_value()) return files;
  const int64_t limit = *resources.pids->limit;
  files.push_back({.file = "pids.max",
                   .value = limit < 0 ? "max" : text::cat(std::max<int64_t>(limit, 1)),
                   .optional = limit < 0,
                   .object = resource_pointer("pids/limit")});
  return files;
}

Result<std::vector<CgroupFile>> hugetlb_v1(const spec::Resources& resources) {
  return hugetlb(resources, ".limit_in_bytes", ".rsvd.limit_in_bytes");
}

Result<std::vector<CgroupFile>> hugetlb_v2(const spec::Resources& resources) {
  return hugetlb(resources, ".max", ".rsvd.max");
}

Result<std::vector<CgroupFile>> rdma(const spec::Resources& resources) {
  std::vector<CgroupFile> files;
  for (const auto& [device, limits] : resources.rdma) {
    std::string value = device;
    if (limits.hca_handles.has_value()) text::append(value, text::cat(" hca_handle=", *limits.hca_handles));
    if (limits.hca_objects.has_value()) text::append(value, text::cat(" hca_object=", *limits.hca_objects));
    if (value.size() == device.size()) continue;
    files.push_back({.file = "rdma.max",
                     .value = std::move(value),
                     .object = resource_pointer(text::cat("rdma/", escape_pointer(device)))});
  }
  return files;
}

Result<std::vector<CgroupFile>> net_cls(const spec::Resources& resources) {
  std::vector<CgroupFile> files;
  if (!resources.network.has_value() || resources.network->class_id.value_or(0) == 0) return files;
  files.push_back({.file = "net_cls.classid",
                   .value = text::cat(*resources.network->class_id),
                   .object = resource_pointer("network/classID")});
  return files;
}

Result<std::vector<CgroupFile>> net_prio(const spec::Resources& resources) {
  std::vector<CgroupFile> files;
  if (!resources.network.has_value()) return files;
  const auto& priorities = resources.network->priorities;
  for (size_t i = 0; i < priorities.size(); ++i) {
    files.push_back({.file = "net_prio.ifpriomap",
                     .value = text::cat(priorities[i].name, ' ', priorities[i].priority),
                     .object = resource_pointer(text::cat("network/priorities/", i))});
  }
  return files;
}

namespace {

Result<std::vector<CgroupFile>> refuse_if_any(Result<std::vector<CgroupFile>> wanted) {
  const std::vector<CgroupFile> files = TRY(std::move(wanted));
  if (files.empty()) return files;
  return Error::unsupported(files.front().object, "cgroup v2 has no controller for it")
      .hint("a classifier by cgroup (xt_cgroup, nftables socket cgroupv2) does the same");
}

}  // namespace

Result<std::vector<CgroupFile>> no_net_cls(const spec::Resources& resources) {
  return refuse_if_any(net_cls(resources));
}
Result<std::vector<CgroupFile>> no_net_prio(const spec::Resources& resources) {
  return refuse_if_any(net_prio(resources));
}

}  // namespace estiva::plan
