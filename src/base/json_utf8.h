// SPDX-License-Identifier: Apache-2.0
// UTF-8 as Unicode defines it (table 3-7): no overlong forms, no surrogates, nothing above U+10FFFF.
#pragma once

#include <cstddef>
#include <string_view>

namespace estiva::json {

// Bytes of the well-formed sequence that `text` begins with, 0 if it begins with none.
size_t utf8_sequence(std::string_view text);
// Position of the first byte that belongs to no well-formed sequence, or npos.
size_t find_invalid_utf8(std::string_view text);
// Position of the first \u escape that is half of a surrogate pair without the other half, or npos.
size_t find_lone_surrogate(std::string_view text);

}  // namespace estiva::json
