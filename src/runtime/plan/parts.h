// SPDX-License-Identifier: Apache-2.0
// The parts of make_plan, one file each. Each sees the documents and the parts planned before it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/plan/plan.h"

namespace estiva::plan {

struct Input {
  const spec::Spec& spec;
  const spec::Linux& linux;
  const HostFacts& host;
  const RunOptions& options;
};

// Properties that are known but not built yet: an error with the JSON pointer of the first.
Result<void> refuse_unsupported(const Input& in);

Result<NamespacePlan> plan_namespaces(const Input& in);
// Content of /proc/PID/uid_map or gid_map. Errors name the entry below `object`.
Result<std::string> map_text(const std::vector<spec::IdMapping>& maps, std::string_view object);
// The host's id for `id` inside the container; nothing if it is not mapped.
std::optional<uint32_t> host_id(const std::vector<spec::IdMapping>& maps, uint32_t id);

Result<RootfsPlan> plan_rootfs(const Input& in, const Plan& plan);
Result<std::vector<MountEntry>> plan_mounts(const Input& in, Plan& plan);
// The ids of mount `index`; `step` is planned so far that its kind and options are known.
Result<void> plan_id_map(const Input& in, const Plan& plan, size_t index, MountStep& step);
// The steps for one mount of type cgroup, whatever the host's layout is.
std::vector<MountEntry> plan_cgroup_mount(const Input& in, const Plan& plan, const MountStep& step);
Result<std::vector<DeviceStep>> plan_devices(const Input& in, const Plan& plan);
std::vector<LinkStep> plan_device_links(const Input& in, const Plan& plan);
// The container's /dev is ours to fill, not a directory bound from the host. Needs plan.rootfs.mounts.
bool owns_dev(const Plan& plan);

Result<std::optional<ProcessPlan>> plan_process(const Input& in, Plan& plan);
Result<std::vector<SysctlStep>> plan_sysctls(const Input& in, const Plan& plan);
Result<void> check_seccomp(const spec::Seccomp& seccomp);
Result<void> check_hooks(const spec::Hooks& hooks);

}  // namespace estiva::plan
