// SPDX-License-Identifier: Apache-2.0
// Finds the cgroup hierarchies: one cgroup2 mount, or a directory whose entries are the mount points. An entry's
// name tells the controllers, as systemd, cgroupfs-mount and every container engine have it.
#include "runtime/cgroup/layout.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>

#include <algorithm>
#include <iterator>

#include "estiva/base/text.h"
#include "runtime/cgroup/tree.h"

namespace estiva::cgroup {

namespace {

constexpr std::string_view kControllers[] = {
    "blkio",  "cpu",  "cpuacct", "cpuset",   "devices",    "freezer", "hugetlb",
    "memory", "misc", "net_cls", "net_prio", "perf_event", "pids",    "rdma",
};

Result<CgroupHierarchy> unified_hierarchy(std::string mount_point) {
  CgroupHierarchy out{.mount_point = std::move(mount_point), .unified = true};
  const std::string content = TRY(read_small(FdView::cwd(), out.mount_point + "/cgroup.controllers"));
  for (const std::string& controller : text::split(text::trim(content), ' ')) {
    if (!controller.empty()) out.controllers.push_back(controller);
  }
  return out;
}

// The directories in it; symbolic links ("cpu" to "cpu,cpuacct") would show a hierarchy twice.
Result<std::vector<std::string>> directories(sys::Path path) {
  const Fd dir = TRY(sys::open(path, O_RDONLY | O_DIRECTORY));
  std::vector<std::string> names;
  alignas(struct dirent64) char buffer[8192];
  for (;;) {
    const size_t size = TRY(sys::getdents64(dir, buffer, sizeof buffer));
    if (size == 0) return names;
    for (size_t offset = 0; offset < size;) {
      const auto* entry = reinterpret_cast<const struct dirent64*>(buffer + offset);
      const std::string_view name = entry->d_name;
      if (entry->d_type == DT_DIR && name != "." && name != "..") names.emplace_back(name);
      offset += entry->d_reclen;
    }
  }
}

Result<CgroupLayout> separate_mounts(sys::Path mount_point) {
  CgroupLayout layout;
  std::vector<std::string> names = TRY(directories(mount_point));
  std::ranges::sort(names);
  bool v1 = false;
  for (const std::string& name : names) {
    const std::string path = text::cat(mount_point.c_str(), "/", name);
    const auto type = TRY(sys::statfs(path)).f_type;
    if (type == CGROUP_SUPER_MAGIC) {
      layout.hierarchies.push_back({.mount_point = path, .controllers = v1_controllers(name)});
      v1 = true;
    } else if (type == CGROUP2_SUPER_MAGIC && layout.unified() == nullptr) {
      layout.hierarchies.push_back(TRY(unified_hierarchy(path)));
    }
  }
  if (layout.unified() != nullptr) layout.mode = v1 ? CgroupMode::kHybrid : CgroupMode::kV2;
  if (layout.unified() == nullptr) layout.mode = v1 ? CgroupMode::kV1 : CgroupMode::kNone;
  return layout;
}

}  // namespace

std::vector<std::string> v1_controllers(const std::string& name) {
  std::vector<std::string> out = text::split(name, ',');
  const bool all_known = std::ranges::all_of(out, [](const std::string& one) {
    return std::ranges::find(kControllers, one) != std::end(kControllers);
  });
  if (all_known || name.starts_with("name=")) return out;
  return {"name=" + name};
}

Result<CgroupLayout> detect_layout(sys::Path mount_point) {
  // Only a cgroup2 has that file.
  Result<CgroupHierarchy> unified = unified_hierarchy(mount_point.c_str());
  if (!unified.ok() && unified.error().errnum() == ENOENT) {
    const Result<struct statfs> top = sys::statfs(mount_point);
    if (!top.ok() && top.error().errnum() == ENOENT) return CgroupLayout{};
    return separate_mounts(mount_point);
  }
  CgroupLayout layout{.mode = CgroupMode::kV2};
  layout.hierarchies.push_back(TRY(std::move(unified)));
  return layout;
}

}  // namespace estiva::cgroup
