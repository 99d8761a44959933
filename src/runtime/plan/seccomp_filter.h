// SPDX-License-Identifier: Apache-2.0
// Compiles a seccomp profile into a program for seccomp(2): for each machine one binary search over ranges of system call
// numbers. Pure, and the same program for the same profile every time.
// Only loads, jumps, AND and returns: with anything else the kernel could not tell which calls are always allowed, and
// would run the program for each of them (kernel/seccomp.c, seccomp_is_const_allow).
#pragma once

#include <linux/filter.h>

#include "runtime/plan/seccomp_profile.h"

namespace estiva::seccomp {

// Nothing where only libseccomp knows what the profile means (plan/seccomp_rules.h, can_express).
std::optional<std::vector<sock_filter>> compile_filter(const Profile& profile);

// `filter` with ENOSYS in front of it for what is newer than the profile, as compile_filter has it.
std::vector<sock_filter> with_enosys(const Profile& profile, const std::vector<sock_filter>& filter);

}  // namespace estiva::seccomp
