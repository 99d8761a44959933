// SPDX-License-Identifier: Apache-2.0
// Files that hold secrets, as far as their names and first bytes tell. A hint for people, no guarantee. Pure.
#pragma once

#include <string_view>

namespace estiva::image {

// Why the file is likely to hold one, "a private key"; empty: nothing is known of it. `head`: its first bytes.
std::string_view secret_in(std::string_view path, std::string_view head);
inline constexpr size_t kSecretHead = 4096;  // bytes that are looked at

}  // namespace estiva::image
