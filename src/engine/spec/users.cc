// SPDX-License-Identifier: Apache-2.0
// --userns auto: a configuration for a container whose users are not the host's.
#include <algorithm>

#include "engine/container/id_maps.h"
#include "engine/spec/make_spec.h"
#include "estiva/base/text.h"

namespace estiva::engine {

namespace {

using spec::NamespaceType;

constexpr char kPingGroups[] = "net.ipv4.ping_group_range";

Result<void> check_ids(const ContainerRecord& record, const spec::User& user) {
  const auto missing = [](std::string_view what, uint32_t id) {
    return Error(Code::kInvalid, text::cat("its user namespace has no ", what, " ", id))
        .object("option --userns")
        .hint(text::cat("--userns auto:size=", uint64_t{id} + 1, " has it"));
  };
  if (!to_host(record.uid_map, user.uid)) return missing("user", user.uid);
  if (!to_host(record.gid_map, user.gid)) return missing("group", user.gid);
  for (const uint32_t group : user.additional_gids)
    if (!to_host(record.gid_map, group)) return missing("group", group);
  return {};
}

// The kernel mounts sysfs for whom the network namespace belongs to. Where that is the host's or another container's,
// the host's own is bound, as podman does.
void bind_sysfs(spec::Spec& spec) {
  for (spec::Mount& mount : spec.mounts) {
    if (mount.type != "sysfs") continue;
    const bool read_only = std::ranges::find(mount.options, "ro") != mount.options.end();
    mount.type = "none";
    mount.source = "/sys";
    mount.options = {"rbind", "nosuid", "noexec", "nodev"};
    if (read_only) mount.options.emplace_back("ro");
  }
}

// Made by the runtime, behind the user namespace, it belongs to it: sysctls and addresses are the container's own.
void set_network(const UsersInput& input, spec::Spec& spec) {
  if (!input.makes_network) return bind_sysfs(spec);
  spec::Linux& config = *spec.linux;
  for (spec::Namespace& each : config.namespaces)
    if (each.type == NamespaceType::kNetwork) each.path.clear();
  // A group that is not mapped is refused.
  const auto groups = config.sysctl.find(kPingGroups);
  if (groups != config.sysctl.end() && groups->second == "0 2147483647")
    groups->second = text::cat("0 ", last_id(input.record.gid_map));
}

// In a user namespace nobody can make one that works.
void bind_devices(const ContainerOptions& options, spec::Spec& spec) {
  spec.linux->devices.clear();
  for (const std::string& each : options.device) {
    const Strings parts = text::split(each, ':');
    spec::Mount mount;
    mount.type = "bind";
    mount.source = parts[0];
    mount.destination = parts.size() > 1 && parts[1].starts_with('/') ? parts[1] : parts[0];
    mount.options = {"bind", "rprivate", "nosuid", "noexec"};
    spec.mounts.push_back(std::move(mount));
  }
}

Result<void> use_mapped_volumes(const UsersInput& input, spec::Spec& spec) {
  const std::vector<VolumeRequest> requests = TRY(volume_requests(input.record.options));
  for (size_t i = 0; i < requests.size(); ++i)
    for (spec::Mount& mount : spec.mounts)
      if (requests[i].id_mapped && mount.destination == requests[i].target)
        mount.source = text::cat(input.mapped, "/", i);
  return {};
}

}  // namespace

Result<void> check_userns(const ContainerOptions& options) {
  const UsernsRequest request = TRY(parse_userns(options.userns));
  if (!request.own) return {};
  const std::pair<std::string_view, const std::string&> shared[] = {{"pid", options.pid},
                                                                    {"ipc", options.ipc}};
  for (const auto& [name, value] : shared)
    if (value == "host")
      return Error(Code::kInvalid, text::cat("Conflicting options: --", name, " host and --userns auto"))
          .hint(
              text::cat("the host's ", name, " namespace does not belong to the container's user namespace"));
  return {};
}

Result<void> set_users(const UsersInput& input, spec::Spec& spec) {
  spec::Linux& config = *spec.linux;
  config.namespaces.push_back({NamespaceType::kUser, ""});
  config.uid_mappings = input.record.uid_map;
  config.gid_mappings = input.record.gid_map;
  TRY(check_ids(input.record, spec.process->user));
  set_network(input, spec);
  bind_devices(input.record.options, spec);
  return use_mapped_volumes(input, spec);
}

}  // namespace estiva::engine
