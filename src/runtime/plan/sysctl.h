// SPDX-License-Identifier: Apache-2.0
// To which namespace a kernel parameter belongs. Pure.
#pragma once

#include <cstdint>
#include <string_view>

namespace estiva::plan {

// CLONE_NEW* of it, by the parameter's path below /proc/sys; 0: it belongs to the whole host.
uint64_t sysctl_owner(std::string_view path);

}  // namespace estiva::plan
