// SPDX-License-Identifier: Apache-2.0
// Several containers by one word: an extended regular expression (regex(7)) on their ids, as crun has it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "runtime/commands/command.h"
#include "runtime/parent/store.h"

namespace estiva {

// Those of the store that `pattern` finds a part of.
Result<std::vector<std::string>> matching_ids(const Store& store, const std::string& pattern);

// `act` on each of them; one that refuses is told of and the others go on. The exit status.
Result<int> for_each_match(const Store& store, const std::string& pattern, Log& log,
                           const std::function<Result<void>(const std::string&)>& act);

}  // namespace estiva
