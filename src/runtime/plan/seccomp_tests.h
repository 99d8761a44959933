// SPDX-License-Identifier: Apache-2.0
// The rules of one system call as instructions that look at its arguments. Pure.
#pragma once

#include "runtime/plan/seccomp_emit.h"
#include "runtime/plan/seccomp_rules.h"

namespace estiva::seccomp {

Target test_rules(Emitter& out, const Decision& decision);

}  // namespace estiva::seccomp
