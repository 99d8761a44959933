// SPDX-License-Identifier: Apache-2.0
// Names of containers: what may be one, and one for those that nobody named.
#pragma once

#include <set>
#include <string>

#include "estiva/base/error.h"

namespace estiva::engine {

Result<void> check_name(const std::string& name);
// The container `id` has it.
Error name_conflict(const std::string& name, const std::string& id);
// "calm_magellan"; with a digit when all that was tried is taken.
Result<std::string> make_name(const std::set<std::string>& taken);
// 64 hexadecimal digits.
Result<std::string> make_id();

}  // namespace estiva::engine
