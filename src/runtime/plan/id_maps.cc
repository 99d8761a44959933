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

// "FIRST-FIRST-COUNT"
Result<spec::IdMapping> read_mapping(std::string_view text, const std::string& object) {
  const std::vector<std::string> parts = text::split(text, '-');
  spec::IdMapping map;
  uint32_t* const members[] = {&map.container_id, &map.host_id, &map.size};
  bool numbers = parts.size() == 3;
  for (size_t i = 0; numbers && i < 3; ++i) {
    const auto number = text::number<uint32_t>(parts[i]);
    numbers = number.has_value();
    if (numbers) *members[i] = *number;
  }
  if (numbers) return map;
  return Error::invalid(object, text::cat(text::quote(text), " is no mapping"))
      .hint("a mapping is FIRST-FIRST-COUNT, several stand between \"#\"");
}

// All ids of the mapping have to be in one of the container's.
Result<uint32_t> on_host(const std::vector<spec::IdMapping>& container, const spec::IdMapping& map,
                         const std::string& object) {
  for (const spec::IdMapping& one : container) {
    const uint64_t end = uint64_t{map.host_id} + map.size;
    if (map.host_id >= one.container_id && end <= uint64_t{one.container_id} + one.size)
      return one.host_id + (map.host_id - one.container_id);
  }
  return Error::invalid(object, text::cat("ids from ", map.host_id, " on are not mapped by the container"));
}

Result<std::vector<spec::IdMapping>> read_mappings(std::string_view text,
                                                   const std::vector<spec::IdMapping>& container,
                                                   const std::string& object) {
  std::vector<spec::IdMapping> maps;
  for (const std::string& word : text::split(text, '#')) {
    const bool relative = word.starts_with('@');
    spec::IdMapping map = TRY(read_mapping(std::string_view(word).substr(relative ? 1 : 0), object));
    if (relative) map.host_id = TRY(on_host(container, map, object));
    maps.push_back(map);
  }
  return maps;
}

}  // namespace

Result<void> read_inline_maps(const Input& in, std::string_view text, const std::string& object,
                              MountIdMap& map) {
  map.object = object;
  for (const std::string& part : text::split(text, ';')) {
    const bool uids = part.starts_with("uids=");
    if (!uids && !part.starts_with("gids="))
      return Error::invalid(object, text::cat(text::quote(part), " is neither uids= nor gids="));
    const auto& container = uids ? in.linux.uid_mappings : in.linux.gid_mappings;
    (uids ? map.uid_map : map.gid_map) =
        TRY(map_text(TRY(read_mappings(std::string_view(part).substr(5), container, object)), object));
  }
  if (!map.uid_map.empty() && !map.gid_map.empty()) return {};
  return Error::invalid(object, "uids= and gids= go together");
}

Result<void> plan_id_map(const Input& in, const Plan& plan, size_t index, MountStep& step) {
  const spec::Mount& mount = in.spec.mounts[index];
  const bool own = !mount.uid_mappings.empty() || !mount.gid_mappings.empty();
  if (!own && !step.id_map) return {};
  if (!step.id_map) step.id_map.emplace();
  MountIdMap& map = *step.id_map;
  const bool read_already = !map.object.empty();  // read_inline_maps
  if (read_already && own)
    return Error::invalid(map.object, "the mount has uidMappings or gidMappings besides");
  if (!read_already) {
    map.object = step.object + (own ? "/uidMappings" : "/options");
    TRY(own ? read_own_maps(mount, step.object, map) : take_container_maps(plan.namespaces, map));
  }
  if (step.kind != MountKind::kBind)
    return Error::unsupported(map.object, "only a bind mount can be id-mapped");
  if (in.host.new_mount_api) return {};
  return Error::unsupported(map.object,
                            "an id-mapped mount needs mount_setattr (Linux 5.12) and CAP_SYS_ADMIN");
}

}  // namespace estiva::plan
