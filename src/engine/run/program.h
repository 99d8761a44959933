// SPDX-License-Identifier: Apache-2.0
// Whether the container's program can be found below its root, in docker's words.
#pragma once

#include <optional>
#include <string>

#include "estiva/base/root_dir.h"
#include "estiva/spec/spec.h"

namespace estiva::engine {

// Why the process can't be started, if that can be seen.
std::optional<std::string> check_program(const RootDir& root, const spec::Process& process);

}  // namespace estiva::engine
