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

// For a container without a cgroup of its own: limits are refused.
Result<void> check_without_cgroup(const Input& in, Plan& plan);

Result<NamespacePlan> plan_namespaces(const Input& in);
// Content of /proc/PID/uid_map or gid_map. Errors name the entry below `object`.
Result<std::string> map_text(const std::vector<spec::IdMapping>& maps, std::string_view object);
// The host's id for `id` inside the container; nothing if it is not mapped.
std::optional<uint32_t> host_id(const std::vector<spec::IdMapping>& maps, uint32_t id);

Result<RootfsPlan> plan_rootfs(const Input& in, const Plan& plan);
Result<std::vector<MountEntry>> plan_mounts(const Input& in, Plan& plan);
// A plan for each of them, with nothing else in it; the first has the joins. Refuses what can't be had later.
Result<std::vector<Plan>> plan_later_mounts(const std::vector<spec::Mount>& mounts, const HostFacts& host,
                                            const RunOptions& options, std::vector<NamespaceJoin> joins);
// The ids of mount `index`; `step` is planned so far that its kind and options are known.
Result<void> plan_id_map(const Input& in, const Plan& plan, size_t index, MountStep& step);
// The mappings behind "idmap=": "uids=0-1000-10#20-2000-1;gids=@0-0-10". Each is FIRST-FIRST-COUNT, as in uid_map; with
// "@" the second is an id of the container's user namespace.
Result<void> read_inline_maps(const Input& in, std::string_view text, const std::string& object,
                              MountIdMap& map);
// The steps for one mount of type cgroup, whatever the host's layout is.
std::vector<MountEntry> plan_cgroup_mount(const Input& in, const Plan& plan, const MountStep& step);
Result<std::vector<DeviceStep>> plan_devices(const Input& in, const Plan& plan);
std::vector<LinkStep> plan_device_links(const Input& in, const Plan& plan);
// The container's /dev is ours to fill, not a directory bound from the host. Needs plan.rootfs.mounts.
bool owns_dev(const Plan& plan);

Result<std::optional<ProcessPlan>> plan_process(const Input& in, Plan& plan);
// scheduler, ioPriority and execCPUAffinity of the process.
Result<void> plan_scheduling(const spec::Process& process, ProcessPlan& steps,
                             std::vector<std::string>& warnings);
Result<std::optional<MemoryPolicyStep>> plan_memory_policy(const spec::Linux& linux_part);
Result<void> plan_process_labels(const Input& in, const spec::Process& process, ProcessPlan& steps);
// linux.mountLabel; nothing without SELinux.
Result<std::optional<FsOption>> plan_mount_context(const Input& in, Plan& plan);
// The label that a new file system gets, if any.
void label_mount(const std::optional<FsOption>& context, MountStep& step);
Result<std::vector<NetDeviceStep>> plan_net_devices(const Input& in, const NamespacePlan& namespaces);
Result<std::optional<RdtStep>> plan_rdt(const Input& in);
// The lines for the schemata file, also of `update`.
Result<std::string> plan_schemata(const spec::IntelRdt& rdt);
Result<std::vector<SysctlStep>> plan_sysctls(const Input& in, const Plan& plan);
// Nothing: no filter. Without a rule for the agent there is none: listenerPath and listenerMetadata are empty then.
Result<std::optional<SeccompPlan>> plan_seccomp(const Input& in, std::vector<std::string>& warnings);
// What a filter has for the seccomp agent.
enum class AgentUse { kNone, kPossible, kCertain };
// The filter of an annotation, base64. Its form is checked; what it does is the kernel's to check.
Result<std::vector<sock_filter>> read_seccomp_program(const std::string& text);
AgentUse agent_use(const std::vector<sock_filter>& program);
Result<void> check_hooks(const spec::Hooks& hooks);
// For `exec`. Needs plan.seccomp.
ExecDefaults keep_for_exec(const Input& in, const Plan& plan);

}  // namespace estiva::plan
