// SPDX-License-Identifier: Apache-2.0
// Makes user namespaces for id-mapped mounts (mount_setattr(2), Linux 5.12). Nothing of the container is inside them.
#include "runtime/parent/id_maps.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>

#include "estiva/base/files.h"
#include "estiva/base/sys_mount.h"
#include "estiva/base/text.h"
#include "estiva/base/user_namespace.h"

namespace estiva {

namespace {

// The word after " - " in the line of mountinfo that begins with `id` (proc_pid_mountinfo(5)).
std::string type_of_mount(std::string_view mountinfo, uint64_t id) {
  for (const std::string& line : text::split(mountinfo, '\n')) {
    const size_t dash = line.find(" - ");
    if (dash == std::string::npos || !line.starts_with(text::cat(id, " "))) continue;
    return line.substr(dash + 3, line.find(' ', dash + 3) - dash - 3);
  }
  return "its file system";
}

std::string type_at(const std::string& path) {
  constexpr size_t kMaxMountinfo = 64 << 20;
  const Result<uint64_t> id = sys::mount_id(FdView::cwd(), path, 0);
  const Result<std::string> mounts = files::read_all(FdView::cwd(), "/proc/self/mountinfo", kMaxMountinfo);
  return type_of_mount(mounts.ok() ? mounts.value() : "", id.ok() ? id.value() : 0);
}

Error explain(Error error, const MountStep& step) {
  if (error.errnum() != EINVAL) return error;
  return std::move(error)
      .message(text::cat(type_at(step.source), " at ", text::quote(step.source),
                         step.id_map->recursive ? ", or what is mounted below it," : "",
                         " can't be id-mapped"))
      .hint("the kernel supports id-mapped mounts for some file systems only");
}

}  // namespace

Result<FdView> IdMaps::namespace_of(const MountIdMap& map) {
  if (map.uid_map.empty()) {
    for (size_t i = 0; i < c_.namespaces.size(); ++i) {
      if (c_.plan.namespaces.join[i].flag == CLONE_NEWUSER) return FdView(c_.namespaces[i]);
    }
  }
  for (const Holder& holder : made_) {
    if (holder.map->uid_map == map.uid_map && holder.map->gid_map == map.gid_map) return FdView(holder.ns);
  }
  made_.push_back({&map, TRY(make_user_namespace(map.uid_map, map.gid_map))});
  return FdView(made_.back().ns);
}

Result<void> IdMaps::apply(const MountStep& step, FdView tree) {
  if (!step.id_map) return {};
  const MountIdMap& map = *step.id_map;
  Result<FdView> ns = namespace_of(map);
  if (!ns.ok()) return std::move(ns).error().object(map.object);
  struct mount_attr attributes = {};
  attributes.attr_set = MOUNT_ATTR_IDMAP;
  attributes.userns_fd = static_cast<uint64_t>(ns.value().number());
  Result<void> mapped =
      sys::mount_setattr(tree, "", AT_EMPTY_PATH | (map.recursive ? AT_RECURSIVE : 0), attributes);
  if (mapped.ok()) return {};
  return explain(std::move(mapped).error(), step).object(map.object);
}

}  // namespace estiva
