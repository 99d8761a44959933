// SPDX-License-Identifier: Apache-2.0
// Makes the cgroup's directories and what a first process needs to join: enabled controllers, usable cpusets, open
// descriptors. On cgroup v2 with everything enabled: mkdir, open, and one look at cgroup.controllers.
#include <errno.h>
#include <fcntl.h>

#include <algorithm>

#include "estiva/base/files.h"
#include "estiva/base/text.h"
#include "runtime/cgroup/manager.h"
#include "runtime/cgroup/subtree.h"
#include "runtime/cgroup/tree.h"

namespace estiva::cgroup {

namespace {

// Removes, when not kept, the directories that were made, in reverse order.
class MadeDirectories {
 public:
  MadeDirectories() = default;
  MadeDirectories(const MadeDirectories&) = delete;
  MadeDirectories& operator=(const MadeDirectories&) = delete;
  ~MadeDirectories() {
    for (auto path = paths_.rbegin(); path != paths_.rend(); ++path) {
      (void)sys::unlinkat(FdView::cwd(), *path, AT_REMOVEDIR);
    }
  }
  void add(std::string path) { paths_.push_back(std::move(path)); }
  bool has(const std::string& path) const { return std::ranges::find(paths_, path) != paths_.end(); }
  std::vector<std::string> keep() { return std::exchange(paths_, {}); }

 private:
  std::vector<std::string> paths_;
};

Result<void> make_directory(const std::string& path, MadeDirectories& made) {
  Result<void> result = sys::mkdirat(FdView::cwd(), path, 0755);
  if (!result.ok() && result.error().errnum() == EEXIST) return {};
  TRY(std::move(result));
  made.add(path);
  return {};
}

Result<void> make_path(const std::string& mount_point, const std::string& path, MadeDirectories& made) {
  // The end of another container may take an empty parent away between our steps.
  for (int attempt = 0;; ++attempt) {
    Result<void> leaf = make_directory(mount_point + path, made);
    if (leaf.ok() || leaf.error().errnum() != ENOENT || attempt == 8) return leaf;
    const std::vector<std::string> way = way_down(mount_point, path);
    for (size_t i = 0; i + 1 < way.size(); ++i) {
      Result<void> parent = make_directory(way[i], made);
      if (!parent.ok() && parent.error().errnum() == ENOENT) break;
      TRY(std::move(parent));
    }
  }
}

Error taken(const std::string& path, std::string_view why) {
  return Error(Code::kState, text::cat("the cgroup ", path, " ", why))
      .object("/linux/cgroupsPath")
      .hint("another container may use it; give each a cgroupsPath of its own");
}

// A process that joined a frozen cgroup, its own or a parent's, would never run.
Result<void> check_usable(const RecordedHierarchy& hierarchy, const std::string& path,
                          const MadeDirectories& made) {
  const CgroupRecord here{.path = path, .hierarchies = {hierarchy}, .created = {}};
  const std::string directory = hierarchy.mount_point + path;
  if (!made.has(directory) && TRY(populated(here))) return taken(directory, "exists and has processes");
  // The root can't be frozen, so what is new from right below it isn't.
  if (made.has(hierarchy.mount_point + path.substr(0, path.find('/', 1)))) return {};
  if (TRY(frozen(here))) return taken(directory, "is frozen, by itself or with its parent");
  return {};
}

std::vector<std::string> missing_controllers(const CgroupHierarchy& unified, std::string_view enabled) {
  const std::vector<std::string> present = text::split(text::trim(enabled), ' ');
  std::vector<std::string> out;
  for (const std::string& one : unified.controllers) {
    if (std::ranges::find(present, one) == present.end()) out.push_back("+" + one);
  }
  return out;
}

Result<void> enable_controllers(const CgroupHierarchy& unified, const std::string& path, FdView cgroup_dir) {
  if (unified.controllers.empty()) return {};
  const std::string enabled = TRY(read_small(cgroup_dir, "cgroup.controllers"));
  const std::vector<std::string> missing = missing_controllers(unified, enabled);
  if (missing.empty()) return {};
  enable_below(unified.mount_point, missing);
  std::vector<std::string> way = way_down(unified.mount_point, path);
  way.pop_back();
  for (const std::string& directory : way) enable_below(directory, missing);
  return {};
}

// A v1 cpuset starts without processors and memory nodes, and lets no process in until it has some (cpusets(7)).
Result<void> fill_cpusets(const std::string& mount_point, const std::string& path) {
  std::string parent = mount_point;
  for (const std::string& directory : way_down(mount_point, path)) {
    for (const char* file : {"/cpuset.cpus", "/cpuset.mems"}) {
      const std::string own = TRY(read_small(FdView::cwd(), directory + file));
      if (!text::trim(own).empty()) continue;
      const std::string inherited = TRY(read_small(FdView::cwd(), parent + file));
      TRY(files::write_kernel(FdView::cwd(), directory + file, text::trim(inherited)));
    }
    parent = directory;
  }
  return {};
}

Result<void> prepare(const CgroupHierarchy& hierarchy, const std::string& path, CgroupHandle& handle) {
  const std::string directory = hierarchy.mount_point + path;
  if (hierarchy.unified) {
    handle.unified_dir = TRY(sys::open(directory, O_PATH | O_DIRECTORY));
    return enable_controllers(hierarchy, path, handle.unified_dir);
  }
  if (std::ranges::find(hierarchy.controllers, "cpuset") != hierarchy.controllers.end()) {
    TRY(fill_cpusets(hierarchy.mount_point, path));
  }
  handle.v1_tasks.push_back(TRY(sys::open(directory + "/tasks", O_WRONLY)));
  return {};
}

RecordedHierarchy record_of(const CgroupHierarchy& hierarchy) {
  const auto& controllers = hierarchy.controllers;
  return {.mount_point = hierarchy.mount_point,
          .unified = hierarchy.unified,
          .freezer = !hierarchy.unified && std::ranges::find(controllers, "freezer") != controllers.end()};
}

}  // namespace

Result<CgroupHandle> create(const CgroupLayout& layout, const CgroupPlan& plan) {
  CgroupHandle handle;
  MadeDirectories made;
  for (const CgroupHierarchy& hierarchy : layout.hierarchies) {
    const auto noun = [&] { return text::cat("cgroup ", hierarchy.mount_point, plan.path); };
    TRY(make_path(hierarchy.mount_point, plan.path, made).context(noun));
    TRY(check_usable(record_of(hierarchy), plan.path, made));
    TRY(prepare(hierarchy, plan.path, handle).context(noun));
  }
  handle.created = made.keep();
  return handle;
}

CgroupRecord make_record(const CgroupLayout& layout, const CgroupPlan& plan, const CgroupHandle& handle) {
  CgroupRecord record{.path = plan.path, .hierarchies = {}, .created = handle.created};
  for (const CgroupHierarchy& hierarchy : layout.hierarchies)
    record.hierarchies.push_back(record_of(hierarchy));
  return record;
}

}  // namespace estiva::cgroup
