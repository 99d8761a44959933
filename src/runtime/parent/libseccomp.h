// SPDX-License-Identifier: Apache-2.0
// What libseccomp is needed for: the names and numbers of system calls and architectures, and filters of profiles whose
// meaning only it knows (plan/seccomp_rules.h).
#pragma once

#include <linux/filter.h>

#include <string>
#include <vector>

#include "estiva/base/error.h"
#include "runtime/plan/seccomp_profile.h"

namespace estiva {

// `profile` with numbers. Names of system calls that libseccomp does not know are left out, as the specification demands
// for architectures that lack them.
Result<seccomp::Profile> resolve_seccomp(const spec::Seccomp& profile);

// Refuses a name that libseccomp does not know.
Result<void> check_known_calls(const spec::Seccomp& profile);

// The program by libseccomp alone: ten milliseconds for a big profile. In a process of its own, because there are rules
// with which libseccomp does not come to an end.
Result<std::vector<sock_filter>> export_seccomp(const spec::Seccomp& profile);

// "2.5.4"
std::string libseccomp_version();

}  // namespace estiva
