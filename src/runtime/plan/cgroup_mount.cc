// SPDX-License-Identifier: Apache-2.0
// A mount of type "cgroup" follows the host's layout: cgroup2, or on v1 and hybrid hosts a tmpfs with one directory
// for each hierarchy. With a cgroup namespace each is mounted and shows the container's own part; without one the
// container's own cgroup is bound there, so that the rest of the host's tree stays out of sight (CVE-2023-25809).
#include <linux/mount.h>
#include <sched.h>
#include <sys/mount.h>

#include "estiva/base/text.h"
#include "runtime/plan/parts.h"

namespace estiva::plan {

namespace {

MountStep own_part(const Plan& plan, const MountStep& step, const CgroupHierarchy& hierarchy) {
  MountStep part = step;
  part.options.clear();
  if (!plan.namespaces.has(CLONE_NEWCGROUP)) {
    part.kind = MountKind::kBind;
    part.source = text::cat(hierarchy.mount_point, plan.cgroup.path);
    return part;
  }
  part.type = hierarchy.unified ? "cgroup2" : "cgroup";
  part.source = part.type;
  if (hierarchy.unified) return part;
  for (const std::string& controller : hierarchy.controllers) {
    if (controller.starts_with("name=")) {
      part.options.push_back({"none", "", false});
      part.options.push_back({"name", controller.substr(5), true});
    } else {
      part.options.push_back({controller, "", false});
    }
  }
  return part;
}

std::string last_component(const std::string& path) { return path.substr(path.rfind('/') + 1); }

}  // namespace

std::vector<MountEntry> plan_cgroup_mount(const Input& in, const Plan& plan, const MountStep& step) {
  const CgroupLayout& layout = in.host.cgroups;
  if (layout.mode == CgroupMode::kNone) return {};
  if (layout.mode == CgroupMode::kV2) return {{own_part(plan, step, *layout.unified()), {}}};

  std::vector<MountEntry> entries;
  MountStep base = step;
  base.type = "tmpfs";
  base.source = "tmpfs";
  base.options = {{"mode", "755", true}};
  base.set &= ~uint64_t{MOUNT_ATTR_RDONLY};  // directories and links are still to be made in it
  base.propagation.clear();
  entries.push_back({base, {}});
  for (const CgroupHierarchy& hierarchy : layout.hierarchies) {
    MountStep part = own_part(plan, step, hierarchy);
    const std::string name = last_component(hierarchy.mount_point);
    part.destination = text::cat(step.destination, "/", name);
    MountEntry entry{std::move(part), {}};
    if (hierarchy.controllers.size() > 1 && !hierarchy.unified) {
      for (const std::string& controller : hierarchy.controllers) {
        entry.links.push_back({text::cat(step.destination, "/", controller), name});
      }
    }
    entries.push_back(std::move(entry));
  }
  if ((step.set & MOUNT_ATTR_RDONLY) != 0) {
    MountStep seal = base;
    seal.kind = MountKind::kRemount;
    seal.options.clear();
    seal.set |= MOUNT_ATTR_RDONLY;
    entries.push_back({seal, {}});
  }
  return entries;
}

}  // namespace estiva::plan
