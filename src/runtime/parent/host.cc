// SPDX-License-Identifier: Apache-2.0
// Gathers the facts of the host: few and cheap calls, each command pays for them.
#include "runtime/parent/host.h"

#include <unistd.h>

#include "estiva/base/sys_mount.h"
#include "estiva/base/sys_process.h"
#include "runtime/cgroup/layout.h"
#include "runtime/plan/names.h"

namespace estiva {

Result<HostFacts> gather_host_facts() {
  HostFacts facts;
  facts.cgroups = TRY(cgroup::detect_layout());
  facts.new_mount_api = sys::has_mount_api();
  facts.selinux = ::access("/sys/fs/selinux/enforce", F_OK) == 0;
  facts.has_kcore = ::access("/proc/kcore", F_OK) == 0;
  facts.last_capability = names::capability_count() - 1;
  facts.euid = ::geteuid();
  facts.capabilities = TRY(sys::permitted_capabilities());
  return facts;
}

}  // namespace estiva
