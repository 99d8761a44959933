// SPDX-License-Identifier: Apache-2.0
// Namespaces: which are new, which are joined, and what the new user and time namespaces are given.
#include <sched.h>

#include "estiva/base/text.h"
#include "runtime/plan/names.h"
#include "runtime/plan/parts.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

namespace estiva {

const NamespaceJoin* NamespacePlan::joins(uint64_t flag) const {
  for (const NamespaceJoin& entry : join) {
    if (entry.flag == flag) return &entry;
  }
  return nullptr;
}

namespace plan {

namespace {

constexpr size_t kMaxMappings = 340;  // UID_GID_MAP_MAX_EXTENTS of the kernel

Result<void> plan_user(const Input& in, NamespacePlan& plan) {
  const bool mapped = !in.linux.uid_mappings.empty() || !in.linux.gid_mappings.empty();
  if (!plan.has(CLONE_NEWUSER)) {
    if (!mapped) return {};
    const char* object = in.linux.uid_mappings.empty() ? "/linux/gidMappings" : "/linux/uidMappings";
    return Error::invalid(object, "needs a user namespace")
        .hint("add {\"type\": \"user\"} to /linux/namespaces");
  }
  plan.uid_map = TRY(map_text(in.linux.uid_mappings, "/linux/uidMappings"));
  plan.gid_map = TRY(map_text(in.linux.gid_mappings, "/linux/gidMappings"));
  if (!plan.creates(CLONE_NEWUSER)) return {};
  // The container is set up by its root, whoever its process will be.
  if (!host_id(in.linux.uid_mappings, 0)) {
    return Error::invalid("/linux/uidMappings", "has no mapping for the container's id 0");
  }
  if (!host_id(in.linux.gid_mappings, 0)) {
    return Error::invalid("/linux/gidMappings", "has no mapping for the container's id 0");
  }
  return {};
}

Result<void> plan_time(const Input& in, NamespacePlan& plan) {
  constexpr uint32_t kNanoseconds = 1000000000;
  if (in.linux.time_offsets.empty()) return {};
  if (!plan.creates(CLONE_NEWTIME)) {
    return Error::invalid("/linux/timeOffsets", "needs a new time namespace")
        .hint("add {\"type\": \"time\"} to /linux/namespaces");
  }
  for (const auto& [clock, offset] : in.linux.time_offsets) {
    const std::string object = text::cat("/linux/timeOffsets/", clock);
    if (clock != "monotonic" && clock != "boottime") {
      return Error::invalid(object, "is no clock of a time namespace").hint("monotonic and boottime are");
    }
    if (offset.nanosecs >= kNanoseconds)
      return Error::invalid(object + "/nanosecs", "is not below 1000000000");
    plan.time_offsets += text::cat(clock, " ", offset.secs, " ", offset.nanosecs, "\n");
  }
  return {};
}

}  // namespace

Result<std::string> map_text(const std::vector<spec::IdMapping>& maps, std::string_view object) {
  std::string lines;
  if (maps.size() > kMaxMappings) return Error::invalid(std::string(object), "has more than 340 entries");
  for (size_t i = 0; i < maps.size(); ++i) {
    const spec::IdMapping& map = maps[i];
    const std::string entry = text::cat(object, "/", i);
    if (map.size == 0) return Error::invalid(entry + "/size", "is 0");
    const uint64_t end = uint64_t{1} << 32;
    if (uint64_t{map.container_id} + map.size > end || uint64_t{map.host_id} + map.size > end) {
      return Error::invalid(entry + "/size", "reaches past the highest id");
    }
    lines += text::cat(map.container_id, " ", map.host_id, " ", map.size, "\n");
  }
  return lines;
}

std::optional<uint32_t> host_id(const std::vector<spec::IdMapping>& maps, uint32_t id) {
  for (const spec::IdMapping& map : maps) {
    if (id >= map.container_id && id - map.container_id < map.size)
      return map.host_id + (id - map.container_id);
  }
  return std::nullopt;
}

Result<NamespacePlan> plan_namespaces(const Input& in) {
  NamespacePlan plan;
  for (size_t i = 0; i < in.linux.namespaces.size(); ++i) {
    const spec::Namespace& entry = in.linux.namespaces[i];
    const std::string object = text::cat("/linux/namespaces/", i);
    const uint64_t flag = names::clone_flag(entry.type);
    if (plan.has(flag)) {
      return Error::invalid(object + "/type",
                            text::cat("a second namespace of type ", spec::name(entry.type)));
    }
    if (entry.path.empty()) {
      plan.create |= flag;
    } else if (entry.path[0] != '/') {
      return Error::invalid(object + "/path", "is not absolute");
    } else {
      plan.join.push_back({flag, entry.path, object + "/path"});
    }
  }
  TRY(plan_user(in, plan));
  TRY(plan_time(in, plan));
  return plan;
}

}  // namespace plan
}  // namespace estiva
