// SPDX-License-Identifier: Apache-2.0
// Characters of UTF-8 that may be shown on a terminal.
#pragma once

#include <string>
#include <string_view>

namespace estiva::utf8 {

// Bytes of the first character; 0 if it is none that may be shown: a control character, or no UTF-8.
size_t shown_length(std::string_view text);

// Control characters, and bytes that are no UTF-8, escaped ("\x1b"), so that a stranger's text can't write to a terminal.
std::string printable(std::string_view text);

}  // namespace estiva::utf8
