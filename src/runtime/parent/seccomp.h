// SPDX-License-Identifier: Apache-2.0
// Compiles the seccomp profile by libseccomp and remembers the result: a big profile takes ten milliseconds.
#pragma once

#include <linux/filter.h>

#include <vector>

#include "estiva/base/error.h"
#include "estiva/base/fd.h"
#include "estiva/spec/seccomp.h"

namespace estiva {

// The program for seccomp(2). Names of system calls that libseccomp does not know are left out, as the
// specification demands for architectures that lack them.
Result<std::vector<sock_filter>> compile_seccomp(const spec::Seccomp& seccomp);

// The same, from `root`/.seccomp if the very profile was compiled before by the same library.
Result<std::vector<sock_filter>> cached_seccomp(FdView root, const spec::Seccomp& seccomp);

// SECCOMP_FILTER_FLAG_* of the profile's flags; Code::kInvalid for an unknown one.
Result<unsigned> seccomp_flags(const spec::Seccomp& seccomp);

// "2.5.4"
std::string libseccomp_version();

}  // namespace estiva
