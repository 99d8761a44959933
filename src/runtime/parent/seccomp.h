// SPDX-License-Identifier: Apache-2.0
// The seccomp filter of a container: its program and its flags.
#pragma once

#include <linux/filter.h>

#include <span>
#include <string_view>
#include <vector>

#include "estiva/base/error.h"
#include "estiva/spec/seccomp.h"
#include "runtime/plan/plan.h"

namespace estiva {

// The program for seccomp(2), the same for the same profile every time.
Result<std::vector<sock_filter>> compile_seccomp(const spec::Seccomp& profile);
// That of a plan, which may have a program already.
Result<std::vector<sock_filter>> make_filter(const SeccompPlan& plan);

struct SeccompFlag {
  std::string_view name;
  unsigned flag;  // with SECCOMP_FILTER_FLAG_NEW_LISTENER where it goes with that only
};
// Those of the specification.
std::span<const SeccompFlag> seccomp_flag_names();

// SECCOMP_FILTER_FLAG_* for a planned profile; Code::kInvalid for an unknown one. Without a list it is SPEC_ALLOW, as with
// runc: the processor may guess on in the container's process as it does in others.
Result<unsigned> seccomp_flags(const spec::Seccomp& profile);

}  // namespace estiva
