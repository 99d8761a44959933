// SPDX-License-Identifier: Apache-2.0
// Process 1 of a container with --init: the same program under another name, inside. It starts the container's program,
// passes signals on to it, takes the status of every orphan, and ends with the program.
#pragma once

#include <span>
#include <string_view>

namespace estiva::shim {

// The name that it has in a container.
inline constexpr std::string_view kInitName = "docker-init";

// The exit status of the program; 127 or 126 if it can't be started.
int run_init(std::span<char* const> program);

}  // namespace estiva::shim
