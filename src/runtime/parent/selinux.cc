// SPDX-License-Identifier: Apache-2.0
// libselinux's only user: whether SELinux is on, how the kernel spells a label, whether the loaded policy knows it. In
// the parent; the child writes the kernel's spelling and asks nobody.
#include "runtime/parent/selinux.h"

#include <errno.h>
#include <unistd.h>

#include <algorithm>
#include <optional>

#include "config.h"
#ifdef HAVE_SELINUX
#include <selinux/selinux.h>
#endif

#ifdef OWN_SELINUX_STATE
// What the library's constructor would set. It would look for SELinux at each start of this program, with eight system
// calls, although few commands ever ask; an archive's member that defines nothing new is not linked.
extern "C" {
char* selinux_mnt = nullptr;
int has_selinux_config = 0;
int selinux_page_size = 0;
}
#endif

namespace estiva {

namespace {

constexpr const char* kMountPoint = "/sys/fs/selinux";

// SELinux's file system is there exactly if the kernel has SELinux and it is on.
bool kernel_has_it() { return ::access("/sys/fs/selinux/enforce", F_OK) == 0; }

#ifdef HAVE_SELINUX

bool enabled() {
#ifdef OWN_SELINUX_STATE
  selinux_mnt = const_cast<char*>(kMountPoint);
  has_selinux_config = ::access("/etc/selinux/config", F_OK) == 0 ? 1 : 0;
  selinux_page_size = static_cast<int>(::sysconf(_SC_PAGESIZE));
#else
  (void)kMountPoint;
#endif
  return ::is_selinux_enabled() == 1;
}

// Labels may come in the words of mcstransd(8). A policy that lets us not ask leaves the answer to the kernel.
std::optional<std::string> known(const std::string& label) {
  char* raw = nullptr;
  if (::selinux_trans_to_raw_context(label.c_str(), &raw) != 0 || raw == nullptr) return std::nullopt;
  const std::string spelling(raw);
  ::freecon(raw);
  if (::security_check_context_raw(spelling.c_str()) == 0 || errno == EACCES) return spelling;
  return std::nullopt;
}

#else

bool enabled() { return true; }
std::optional<std::string> known(const std::string&) { return std::nullopt; }

#endif

}  // namespace

bool knows_selinux() {
#ifdef HAVE_SELINUX
  return true;
#else
  return false;
#endif
}

SelinuxFacts selinux_facts(const std::vector<std::string>& labels) {
  SelinuxFacts facts;
  const bool any = std::ranges::any_of(labels, [](const std::string& label) { return !label.empty(); });
  if (!any || !kernel_has_it() || !enabled()) return facts;
  facts.enabled = true;
  if (!knows_selinux()) facts.problem = "this build of estiva has no libselinux";
  for (const std::string& label : labels) {
    if (label.empty()) continue;
    if (std::optional<std::string> spelling = known(label)) facts.labels[label] = *spelling;
  }
  return facts;
}

}  // namespace estiva
