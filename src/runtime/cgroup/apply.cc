// SPDX-License-Identifier: Apache-2.0
// Gives the cgroup its limits, device rules and owner. Every error names the property it comes from.
#include <errno.h>
#include <fcntl.h>

#include "estiva/base/files.h"
#include "estiva/base/sys_bpf.h"
#include "estiva/base/text.h"
#include "runtime/cgroup/limits.h"
#include "runtime/cgroup/manager.h"
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

Result<void> apply_devices(const Target& target, const CgroupPlan& plan, const CgroupHandle& handle) {
  if (!plan.device_program.empty()) return attach_device_program(plan, handle);
  if (plan.device_lines.empty()) return {};
  return write_device_lines(TRY(place_of(target, "devices")), plan.device_lines);
}

// ---- owner

// cgroup-v2.rst, "Model of Delegation"; the kernel lists the files since 4.15.
constexpr std::string_view kDelegatedFiles = "cgroup.procs\ncgroup.threads\ncgroup.subtree_control\n";

Result<void> give_to(uid_t owner, FdView cgroup_dir) {
  constexpr gid_t kKeep = static_cast<gid_t>(-1);
  TRY(sys::fchownat(cgroup_dir, "", owner, kKeep, AT_EMPTY_PATH));
  Result<std::string> listed = read_small(FdView::cwd(), "/sys/kernel/cgroup/delegate");
  const std::string names = listed.ok() ? std::move(listed).value() : std::string(kDelegatedFiles);
  for (const std::string& name : text::split(text::trim(names), '\n')) {
    Result<void> given = sys::fchownat(cgroup_dir, name, owner, kKeep, AT_SYMLINK_NOFOLLOW);
    if (!given.ok() && given.error().errnum() != ENOENT) return given;
  }
  return {};
}

}  // namespace

Result<void> apply(const CgroupLayout& layout, const CgroupPlan& plan, const CgroupHandle& handle) {
  const Target target{layout, plan.path, handle.unified_dir, handle.created};
  TRY(check_memory(target, plan.memory_check));
  TRY(write_limits(target, plan.files, [&](const Place& place, const CgroupFile& file) {
    return write_with_parents(target, place, file);
  }));
  TRY(apply_devices(target, plan, handle));
  if (plan.owner.value_or(0) == 0) return {};
  return give_to(*plan.owner, handle.unified_dir).context([] { return std::string("cgroup owner"); });
}

}  // namespace estiva::cgroup
