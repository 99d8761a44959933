// SPDX-License-Identifier: Apache-2.0
// JSON pointers to what a message is about.
#pragma once

#include <string>
#include <string_view>

namespace estiva::plan {

// A key of a map as a part of a JSON pointer (RFC 6901).
std::string escape_pointer(std::string_view key);

}  // namespace estiva::plan
