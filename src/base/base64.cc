// SPDX-License-Identifier: Apache-2.0
// Base64.
#include "estiva/base/base64.h"

#include <algorithm>

namespace estiva {

static constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string to_base64(std::string_view bytes) {
  std::string out;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t group = 0;
    for (size_t j = 0; j < 3; ++j)
      group = group << 8 | (i + j < bytes.size() ? static_cast<uint8_t>(bytes[i + j]) : 0);
    for (size_t j = 0; j < 4; ++j) out += i + j <= bytes.size() ? kAlphabet[group >> (18 - 6 * j) & 63] : '=';
  }
  return out;
}

std::optional<std::string> from_base64(std::string_view text) {
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string out;
  uint32_t group = 0;
  unsigned bits = 0;
  for (const char c : text) {
    const char plain = c == '-' ? '+' : c == '_' ? '/' : c;  // RFC 4648, section 5: the alphabet of JWS
    const char* const end = kAlphabet + 64;
    const char* const at = std::find(kAlphabet, end, plain);
    if (at == end) return std::nullopt;
    group = group << 6 | static_cast<uint32_t>(at - kAlphabet);
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    out += static_cast<char>(group >> bits & 0xff);
  }
  return bits == 6 ? std::nullopt : std::optional(out);
}

}  // namespace estiva
