// SPDX-License-Identifier: Apache-2.0
// Gathers the facts of the host that a plan needs.
#pragma once

#include "estiva/base/error.h"
#include "estiva/spec/spec.h"
#include "runtime/plan/host_facts.h"

namespace estiva {

Result<HostFacts> gather_host_facts(const spec::Spec& spec);
// What is asked of security modules; costs nothing where nothing is.
void gather_label_facts(HostFacts& facts, const spec::Process& process, const std::string& mount_label);

}  // namespace estiva
