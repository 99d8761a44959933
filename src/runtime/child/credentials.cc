// SPDX-License-Identifier: Apache-2.0
// The last privileges go: ids, capabilities, no_new_privs. Order by capabilities(7): the bounding
// set needs CAP_SETPCAP, ids need CAP_SETUID and CAP_SETGID, the filter needs CAP_SYS_ADMIN or no_new_privs.
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/prctl.h>

#include "estiva/base/files.h"
#include "estiva/base/sys_process.h"
#include "estiva/base/text.h"
#include "runtime/child/steps.h"

namespace estiva::child {

namespace {

constexpr mode_t kInheritedUmask = 022;  // commands/create.cc
constexpr int kHighest = 63;             // capability numbers fit 64 bits (linux/capability.h)

// Those beyond the kernel's last end the loop: PR_CAPBSET_DROP says EINVAL.
Result<void> drop_bounding(uint64_t keep) {
  for (int number = 0; number <= kHighest; ++number) {
    if (keep >> number & 1) continue;
    const Result<int> dropped = sys::prctl(PR_CAPBSET_DROP, static_cast<unsigned long>(number));
    if (dropped.ok()) continue;
    if (dropped.error().errnum() == EINVAL) return {};
    return Error::system("prctl PR_CAPBSET_DROP", dropped.error().errnum());
  }
  return {};
}

Result<void> set_capabilities(const CapabilitySets& sets) {
  struct __user_cap_data_struct data[2] = {};
  for (int word = 0; word < 2; ++word) {
    data[word].effective = static_cast<uint32_t>(sets.effective >> (32 * word));
    data[word].permitted = static_cast<uint32_t>(sets.permitted >> (32 * word));
    data[word].inheritable = static_cast<uint32_t>(sets.inheritable >> (32 * word));
  }
  TRY(sys::capset(data));
  for (int number = 0; number <= kHighest; ++number) {
    if ((sets.ambient >> number & 1) == 0) continue;
    TRY(sys::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, static_cast<unsigned long>(number)));
  }
  return {};
}

Result<void> set_ids(const ProcessPlan& process) {
  if (process.set_groups) {
    Result<void> groups = sys::setgroups(process.additional_gids);
    // A user namespace may deny it (user_namespaces(7)); then nothing is left over that could be dropped.
    const bool denied = !groups.ok() && groups.error().errnum() == EPERM && process.additional_gids.empty();
    if (!groups.ok() && !denied) return std::move(groups).error().object("/process/user/additionalGids");
  }
  TRY(sys::setresgid(process.gid).context([] { return "/process/user/gid"; }));
  return sys::setresuid(process.uid).context([] { return "/process/user/uid"; });
}

// The filter is loaded at the very end. Without no_new_privs that takes CAP_SYS_ADMIN: it is kept until exec, which
// computes the program's sets anew from the bounding, inheritable and ambient ones.
CapabilitySets until_exec(const Context& c, CapabilitySets sets) {
  if (!c.filtered || c.plan.process->no_new_privileges) return sets;
  sets.permitted |= uint64_t{1} << CAP_SYS_ADMIN;
  sets.effective |= uint64_t{1} << CAP_SYS_ADMIN;
  return sets;
}

}  // namespace

Result<void> drop_privileges(const Context& c) {
  const ProcessPlan& process = *c.plan.process;
  if (process.personality) {
    TRY(sys::personality(*process.personality).context([] { return "/linux/personality"; }));
  }
  if (process.umask != kInheritedUmask) sys::umask(process.umask);
  TRY(drop_bounding(process.capabilities.bounding).context([] { return "/process/capabilities/bounding"; }));
  if (process.uid != 0) TRY(sys::prctl(PR_SET_KEEPCAPS, 1));
  TRY(set_ids(process));
  TRY(set_capabilities(until_exec(c, process.capabilities)).context([] { return "/process/capabilities"; }));
  if (process.no_new_privileges) TRY(sys::prctl(PR_SET_NO_NEW_PRIVS, 1));
  return {};
}

}  // namespace estiva::child
