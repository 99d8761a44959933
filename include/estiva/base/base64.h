// SPDX-License-Identifier: Apache-2.0
// Base64 (RFC 4648), as credentials, signatures and seccomp programs are written. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace estiva {

std::string to_base64(std::string_view bytes);
// Either alphabet, with or without the = at the end; nothing for anything else.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace estiva
