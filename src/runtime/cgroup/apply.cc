// SPDX-License-Identifier: Apache-2.0
// Gives the cgroup its limits, device rules and owner. Every error names the property it comes from.
#include <errno.h>

#include "estiva/base/files.h"
#include "estiva/base/sys_bpf.h"
#include "estiva/base/text.h"
#include "runtime/cgroup/limits.h"
#include "runtime/cgroup/manager.h"
#include "runtime/cgroup/subtree.h"
#include "runtime/cgroup/tree.h"

namespace estiva::cgroup {

namespace {

constexpr const char* kDevices = "/linux/resources/devices";

Result<void> write_with_parents(const Target& target, const Place& place, const CgroupFile& file) {
  if (file.inherit) {
    for (const std::string& directory : made_parents(target, place))
      TRY(files::write_kernel(FdView::cwd(), directory + file.file, file.value));
  }
  return write_limit(place, file);
}

// BPF_F_ALLOW_MULTI: a program that a parent's owner attached stays in force beside ours.
Result<void> attach_device_program(const CgroupPlan& plan, const CgroupHandle& handle) {
  const auto attach = [&]() -> Result<void> {
    const Fd program = TRY(sys::bpf_load_device_program(plan.device_program));
    return sys::bpf_attach_device_program(handle.unified_dir, program, BPF_F_ALLOW_MULTI);
  };
  Result<void> attached = attach();
  if (attached.ok()) return attached;
  const bool refused = attached.error().errnum() == EPERM;
  return std::move(attached)
      .error()
      .message("can't limit the devices of the cgroup")
      .hint(refused ? "it needs CAP_SYS_ADMIN in the host's user namespace; rules that allow all do not" : "")
      .object(kDevices);
}

Target target_of(const CgroupLayout& layout, const CgroupPlan& plan, const CgroupHandle& handle) {
  return {layout, plan.path, handle.unified_dir, handle.created};
}

}  // namespace

Result<void> apply_limits(const CgroupLayout& layout, const CgroupPlan& plan, const CgroupHandle& handle) {
  const Target target = target_of(layout, plan, handle);
  TRY(check_memory(target, plan.memory_check));
  TRY(write_limits(target, plan.files, [&](const Place& place, const CgroupFile& file) {
    return write_with_parents(target, place, file);
  }));
  if (plan.owner.value_or(0) == 0) return {};
  return give_to(*plan.owner, handle.unified_dir).context([] { return std::string("cgroup owner"); });
}

Result<void> apply_devices(const CgroupLayout& layout, const CgroupPlan& plan, const CgroupHandle& handle) {
  if (!plan.device_program.empty()) return attach_device_program(plan, handle);
  if (plan.device_lines.empty()) return {};
  return write_device_lines(TRY(place_of(target_of(layout, plan, handle), "devices")), plan.device_lines);
}

}  // namespace estiva::cgroup
