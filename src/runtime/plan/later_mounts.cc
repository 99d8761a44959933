// SPDX-License-Identifier: Apache-2.0
// Mounts for a container that is there already: what of a mount can be had then. Pure.
#include "estiva/base/text.h"
#include "runtime/plan/parts.h"

namespace estiva::plan {

namespace {

Result<void> check_later(const MountStep& step) {
  if (step.kind == MountKind::kRemount || step.kind == MountKind::kPropagation)
    return Error::unsupported(step.object + "/options", "only a new mount can be added to a container");
  if (step.old_api_only)
    return Error::unsupported(step.object + "/options",
                              "silent and iversion can't be had in a container that runs");
  if (step.kind != MountKind::kFilesystem) return {};
  // It shows the pid namespace of who mounts it, and a process of ours must not be in the container's.
  if (step.type != "proc" && step.type != "cgroup" && step.type != "cgroup2") return {};
  return Error::unsupported(step.object + "/type",
                            text::cat("a file system of type ", step.type, " can't be added to a container"));
}

}  // namespace

Result<std::vector<Plan>> plan_later_mounts(const std::vector<spec::Mount>& mounts, const HostFacts& host,
                                            const RunOptions& options, std::vector<NamespaceJoin> joins) {
  if (!host.new_mount_api) {
    return Error(Code::kUnsupported, "mounts can be added to a container only with the calls of Linux 5.12")
        .hint("open_tree, move_mount, fsopen and mount_setattr, and CAP_SYS_ADMIN");
  }
  spec::Spec spec;
  spec.mounts = mounts;
  static const spec::Linux kNoLinux;
  Plan whole;
  whole.id = options.id;
  whole.namespaces.join = std::move(joins);
  whole.rootfs.path = "/";
  const std::vector<MountEntry> entries = TRY(plan_mounts(Input{spec, kNoLinux, host, options}, whole));
  std::vector<Plan> plans;
  for (const MountEntry& entry : entries) {
    TRY(check_later(entry.mount));
    plans.push_back(whole);
    plans.back().rootfs.mounts = {entry};
    whole.namespaces.join.clear();  // the first is enough
  }
  return plans;
}

}  // namespace estiva::plan
