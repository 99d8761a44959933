// SPDX-License-Identifier: Apache-2.0
// The difference of two texts, line by line, in the form of `diff -u`. Pure.
#pragma once

#include <string>
#include <string_view>

namespace estiva::image {

// With three lines of context, without the two lines that name the files; empty for equal texts. Texts that differ in
// more lines than it is worth to look for are shown as replaced.
std::string unified_diff(std::string_view before, std::string_view after);

// UTF-8 without control characters, but for tabs and ends of lines: fit for a terminal.
bool is_text(std::string_view bytes);

}  // namespace estiva::image
