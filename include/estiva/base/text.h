// SPDX-License-Identifier: Apache-2.0
// Small text tools: splitting, joining, numbers, quoting for messages, nearest name.
#pragma once

#include <stdint.h>

#include <charconv>
#include <concepts>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace estiva::text {

std::vector<std::string> split(std::string_view text, char separator);
std::string join(const std::vector<std::string>& parts, std::string_view separator);
std::string_view trim(std::string_view text);

// The whole of `text` as a decimal number of exactly this type; nothing for signs it can't have, blanks,
// other characters or a value out of range (CVE-2024-40635, CVE-2026-30892).
template <std::integral T>
std::optional<T> number(std::string_view text, int base = 10) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

// A decimal fraction, as JSON and the kernel write it: nothing for other words or a value out of range. The C library
// does it: that of the C++ library brings a tenth more text and all of its locales.
std::optional<double> fraction(std::string_view text);
// Few digits that give the same value when they are read again.
std::string fraction(double value);

// A number of bytes as users write it: "512", "64k", "1.5GiB" (units of 1024, any case), "-1".
std::optional<int64_t> bytes(std::string_view text);

template <std::integral T>
std::string octal(T value) {
  char buffer[24];
  const auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, value, 8);
  return std::string(buffer, end);
}

// The texts one after another; numbers in decimal.
inline void append(std::string& out, std::string_view part) { out += part; }
inline void append(std::string& out, char part) { out += part; }
template <std::integral T>
void append(std::string& out, T part) {
  char buffer[24];
  const auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, part);
  out.append(buffer, end);
}
template <typename... Parts>
std::string cat(const Parts&... parts) {
  std::string out;
  (append(out, parts), ...);
  return out;
}

// A to Z become a to z; no locale.
std::string lower(std::string_view text);

// Control bytes and bytes above 0x7e escaped, so that a stranger's text can't write to a terminal.
std::string printable(std::string_view text);
// The same in double quotes, with quotes and backslashes escaped.
std::string quote(std::string_view text);

// The candidate nearest to `wanted` (edit distance), if near enough to be a typing mistake.
std::optional<std::string_view> nearest(std::string_view wanted,
                                        std::span<const std::string_view> candidates);

}  // namespace estiva::text
