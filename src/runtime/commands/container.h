// SPDX-License-Identifier: Apache-2.0
// What the verbs on an existing container share: the words for the wrong state.
#pragma once

#include "runtime/parent/status.h"

namespace estiva {

// "cannot pause container "x" in the stopped state"
Error wrong_state(std::string_view verb, const Record& record, spec::Status status);
// Engines take these words as "it has gone already".
Error not_running(const std::string& id);

}  // namespace estiva
