// SPDX-License-Identifier: Apache-2.0
// Gathers the facts of the host: few and cheap calls, each command pays for them.
#include "runtime/parent/host.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <unistd.h>

#include "estiva/base/files.h"
#include "estiva/base/sys_mount.h"
#include "estiva/base/sys_process.h"
#include "runtime/cgroup/layout.h"
#include "runtime/parent/selinux.h"
#include "runtime/plan/names.h"

namespace estiva {

namespace {

// Where nothing was delegated to the user there is no cgroup for the container, and nothing to limit it with.
void leave_out_unwritable(CgroupLayout& layout) {
  std::erase_if(layout.hierarchies, [](const CgroupHierarchy& one) {
    return ::faccessat(AT_FDCWD, one.mount_point.c_str(), W_OK, AT_EACCESS) != 0;
  });
  if (layout.hierarchies.empty()) layout.mode = CgroupMode::kNone;
}

bool has_apparmor() {
  const Result<std::string> on =
      files::read_all(FdView::cwd(), "/sys/module/apparmor/parameters/enabled", 16);
  return on.ok() && on.value().starts_with('Y');
}

}  // namespace

void gather_label_facts(HostFacts& facts, const spec::Process& process, const std::string& mount_label) {
  facts.selinux = selinux_facts({process.selinux_label, mount_label});
  facts.apparmor = !process.apparmor_profile.empty() && has_apparmor();
}

Result<HostFacts> gather_host_facts(const spec::Spec& spec) {
  HostFacts facts;
  facts.cgroups = TRY(cgroup::detect_layout());
  gather_label_facts(facts, spec.process ? *spec.process : spec::Process(),
                     spec.linux ? spec.linux->mount_label : "");
  facts.has_kcore = ::access("/proc/kcore", F_OK) == 0;
  facts.last_capability = names::capability_count() - 1;
  facts.euid = sys::effective_uid();
  if (facts.euid != 0) leave_out_unwritable(facts.cgroups);
  facts.capabilities = TRY(sys::permitted_capabilities());
  // Without privilege the parent can't open mounts for the child: the child makes them all, in its user namespace.
  facts.new_mount_api = (facts.capabilities >> CAP_SYS_ADMIN & 1) != 0 && sys::has_mount_api();
  return facts;
}

}  // namespace estiva
