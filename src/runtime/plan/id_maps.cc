// SPDX-License-Identifier: Apache-2.0
// Id-mapped mounts: whose mappings a mount has (config.md, "uidMappings" and the options idmap and ridmap).
#include <sched.h>

#include "estiva/base/text.h"
#include "runtime/plan/parts.h"

namespace estiva::plan {

namespace {

// Both or none of the mount's own mappings.
Result<void> read_own_maps(const spec::Mount& mount, const std::string& object, MountIdMap& map) {
  const struct {
    const std::vector<spec::IdMapping>& maps;
    const char* name;
    std::string& text;
  } kinds[] = {{mount.uid_mappings, "/uidMappings", map.uid_map},
               {mount.gid_mappings, "/gidMappings", map.gid_map}};
  for (const auto& [maps, name, text] : kinds) {
    if (maps.empty())
      return Error::invalid(object + name, "is required: uidMappings and gidMappings go together");
    text = TRY(map_text(maps, object + name));
  }
  return {};
}

// Without mappings of its own a mount has those of the container's user namespace.
Result<void> take_container_maps(const NamespacePlan& namespaces, MountIdMap& map) {
  if (namespaces.joins(CLONE_NEWUSER) != nullptr) return {};
  if (!namespaces.creates(CLONE_NEWUSER)) {
    return Error::invalid(map.object, "there are no mappings: the container has no user namespace")
        .hint("give the mount uidMappings and gidMappings");
  }
  map.uid_map = namespaces.uid_map;
  map.gid_map = namespaces.gid_map;
  return {};
}

}  // namespace

Result<void> plan_id_map(const Input& in, const Plan& plan, size_t index, MountStep& step) {
  const spec::Mount& mount = in.spec.mounts[index];
  const bool own = !mount.uid_mappings.empty() || !mount.gid_mappings.empty();
  if (!own && !step.id_map) return {};
  if (!step.id_map) step.id_map.emplace();
  MountIdMap& map = *step.id_map;
  map.object = step.object + (own ? "/uidMappings" : "/options");
  if (own) {
    TRY(read_own_maps(mount, step.object, map));
  } else {
    TRY(take_container_maps(plan.namespaces, map));
  }
  if (step.kind != MountKind::kBind)
    return Error::unsupported(map.object, "only a bind mount can be id-mapped");
  if (in.host.new_mount_api) return {};
  return Error::unsupported(map.object,
                            "an id-mapped mount needs mount_setattr (Linux 5.12) and CAP_SYS_ADMIN");
}

}  // namespace estiva::plan
