// SPDX-License-Identifier: Apache-2.0
// Words as a Dockerfile writes them: quotes, backslashes and variables, as a shell would read them. Pure.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "estiva/base/error.h"

namespace estiva::image {

// At blanks outside of quotes; quotes and backslashes stay.
Result<std::vector<std::string>> split_words(std::string_view text);

using Lookup = std::function<std::optional<std::string>(std::string_view name)>;
// Without its quotes and backslashes, with $NAME, ${NAME}, ${NAME:-word} and ${NAME:+word} replaced, but not in '...'.
Result<std::string> expand_word(std::string_view word, const Lookup& lookup);

}  // namespace estiva::image
