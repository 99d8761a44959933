// SPDX-License-Identifier: Apache-2.0
// A container without a cgroup of its own (--cgroup-manager disabled): it stays in its caller's. Pure.
#include "estiva/base/text.h"
#include "runtime/plan/annotations.h"
#include "runtime/plan/cgroup_devices.h"
#include "runtime/plan/parts.h"

namespace estiva::plan {

Result<void> check_without_cgroup(const Input& in, Plan& plan) {
  if (!annotations::value(in.spec, annotations::kDelegateCgroup).value_or("").empty()) {
    return Error::unsupported(annotations::pointer(annotations::kDelegateCgroup),
                              "needs a cgroup; --cgroup-manager disabled makes none");
  }
  if (!in.linux.resources) return {};
  Result<std::vector<CgroupFile>> files = plan_cgroup_files(*in.linux.resources, CgroupLayout());
  if (!files.ok() && files.error().code() == Code::kUnsupported) {
    return Error::unsupported(files.error().parts().object,
                              "needs a cgroup; --cgroup-manager disabled makes none");
  }
  TRY(std::move(files));
  // Engines always have some, also where they ask for no cgroup (podman --cgroups=disabled).
  const DevicePolicy policy = TRY(estiva::plan_devices(in.linux.resources->devices));
  if (!in.linux.resources->devices.empty() && !policy.allows_all())
    plan.warnings.emplace_back("/linux/resources/devices: without a cgroup they limit nothing");
  return {};
}

}  // namespace estiva::plan
