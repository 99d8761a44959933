// SPDX-License-Identifier: Apache-2.0
// Gathers the facts of the host: few and cheap calls, each command pays for them.
#include "runtime/parent/host.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/cgroup/layout.h"
#include "runtime/plan/names.h"

namespace estiva {

namespace {

// Nonsense arguments: a kernel that has the call complains about them, an older one or a filter says ENOSYS.
bool has_new_mount_api() {
  const bool has_fsopen = ::syscall(SYS_fsopen, nullptr, ~0u) < 0 && errno != ENOSYS;
  return has_fsopen && ::syscall(SYS_mount_setattr, -1, nullptr, ~0u, nullptr, 0) < 0 && errno != ENOSYS;
}

Result<uint64_t> permitted_capabilities() {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2] = {};
  if (::syscall(SYS_capget, &header, data) < 0) return Error::system("capget", errno);
  return data[0].permitted | uint64_t{data[1].permitted} << 32;
}

}  // namespace

Result<HostFacts> gather_host_facts() {
  HostFacts facts;
  facts.cgroups = TRY(cgroup::detect_layout());
  facts.new_mount_api = has_new_mount_api();
  facts.selinux = ::access("/sys/fs/selinux/enforce", F_OK) == 0;
  facts.has_kcore = ::access("/proc/kcore", F_OK) == 0;
  facts.last_capability = names::capability_count() - 1;
  facts.euid = ::geteuid();
  facts.capabilities = TRY(permitted_capabilities());
  return facts;
}

}  // namespace estiva
