// SPDX-License-Identifier: Apache-2.0
// Opens a container's cgroup, or cgroups below it, for a process that joins later (exec). The host side.
#include <errno.h>
#include <fcntl.h>

#include <algorithm>

#include "estiva/base/text.h"
#include "runtime/cgroup/layout.h"
#include "runtime/cgroup/manager.h"
#include "runtime/cgroup/tree.h"

namespace estiva::cgroup {

namespace {

// The name of a v1 mount point tells what it controls.
bool controls(const RecordedHierarchy& hierarchy, const std::string& controller) {
  if (hierarchy.unified) return false;
  const std::string& path = hierarchy.mount_point;
  const std::vector<std::string> all = v1_controllers(path.substr(path.rfind('/') + 1));
  return std::ranges::find(all, controller) != all.end();
}

Result<void> check_controllers(const CgroupRecord& record, const std::vector<SubCgroup>& below) {
  for (const SubCgroup& one : below) {
    const bool known = one.controller.empty() ||
                       std::ranges::any_of(record.hierarchies, [&](const RecordedHierarchy& hierarchy) {
                         return controls(hierarchy, one.controller);
                       });
    if (!known) {
      return Error::invalid(kCgroupOption,
                            text::cat("no cgroup v1 hierarchy of the container has the controller ",
                                      text::quote(one.controller)));
    }
  }
  return {};
}

std::string path_below(const RecordedHierarchy& hierarchy, const std::vector<SubCgroup>& below) {
  for (const SubCgroup& one : below) {
    if (one.controller.empty() || controls(hierarchy, one.controller)) return one.path;
  }
  return "";
}

// "No such file" of a cgroup must not be read as "no such program" by an engine.
Error missing(const std::string& directory, bool by_option) {
  if (by_option) return Error::invalid(kCgroupOption, text::cat("there is no cgroup ", directory));
  return Error(Code::kState, text::cat("the container's cgroup ", directory, " is gone"));
}

Result<Fd> open_group(const RecordedHierarchy& hierarchy, const std::string& directory, bool by_option) {
  Result<Fd> opened = hierarchy.unified ? sys::open(directory, O_PATH | O_DIRECTORY)
                                        : sys::open(directory + "/tasks", O_WRONLY);
  if (!opened.ok() && vanished(opened.error())) return missing(directory, by_option);
  if (opened.ok()) opened.value().close_later();
  return opened;
}

}  // namespace

Result<CgroupHandle> open_to_join(const CgroupRecord& record, const std::vector<SubCgroup>& below) {
  CgroupHandle handle;
  if (record.path.empty()) return handle;
  TRY(check_controllers(record, below));
  for (const RecordedHierarchy& hierarchy : record.hierarchies) {
    const std::string sub = path_below(hierarchy, below);
    const std::string directory = text::cat(hierarchy.mount_point, record.path, sub);
    Fd opened = TRY(open_group(hierarchy, directory, !sub.empty()));
    if (hierarchy.unified) {
      handle.unified_dir = std::move(opened);
    } else {
      handle.v1_tasks.push_back(std::move(opened));
    }
  }
  return handle;
}

Result<Fd> open_where_init_is(const CgroupRecord& record, FdView proc_dir) {
  const auto unified = std::ranges::find_if(record.hierarchies, &RecordedHierarchy::unified);
  if (unified == record.hierarchies.end()) return Fd();
  const std::string content = TRY(read_small(proc_dir, "cgroup"));
  for (const std::string& line : text::split(content, '\n')) {
    // cgroups(7): the line of cgroup v2 is 0::PATH.
    if (!line.starts_with("0::/") || line.find("..") != std::string::npos) continue;
    return open_group(*unified, text::cat(unified->mount_point, line.substr(3)), false);
  }
  return Error(Code::kState, "the cgroup of the container's init can't be reached from here");
}

}  // namespace estiva::cgroup
