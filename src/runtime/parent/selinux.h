// SPDX-License-Identifier: Apache-2.0
// What the host's SELinux says of labels.
#pragma once

#include <string>
#include <vector>

#include "runtime/plan/host_facts.h"

namespace estiva {

// For labels that are asked for; empty ones are none. Without any nothing is looked at.
SelinuxFacts selinux_facts(const std::vector<std::string>& labels);

// Built with libselinux.
bool knows_selinux();

}  // namespace estiva
