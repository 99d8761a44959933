// SPDX-License-Identifier: Apache-2.0
// Small text tools.
#include "estiva/base/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <algorithm>
#include <cmath>

namespace estiva::text {

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (;;) {
    const size_t end = text.find(separator);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string joined;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) joined += separator;
    joined += parts[i];
  }
  return joined;
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const size_t begin = text.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

std::string lower(std::string_view text) {
  std::string lowered(text);
  for (char& c : lowered)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return lowered;
}

std::optional<double> fraction(std::string_view text) {
  // Of what strtod(3) takes besides: blanks, hexadecimal numbers, "inf" and "nan".
  if (text.empty() || text.find_first_not_of("0123456789+-.eE") != text.npos) return std::nullopt;
  const std::string copy(text);
  char* end = nullptr;
  errno = 0;
  const double value = ::strtod(copy.c_str(), &end);
  if (end != copy.c_str() + copy.size() || (errno == ERANGE && (value == 0 || !std::isfinite(value))))
    return std::nullopt;
  return value;
}

std::string fraction(double value) {
  constexpr int kLeast = 15, kEnough = 17;  // significant digits that any, and that every double needs
  char buffer[32];
  for (int digits = kLeast;; ++digits) {
    (void)snprintf(buffer, sizeof buffer, "%.*g", digits, value);
    if (digits == kEnough || ::strtod(buffer, nullptr) == value) return buffer;
  }
}

std::optional<int64_t> bytes(std::string_view text) {
  if (text == "-1") return -1;
  const size_t digits = std::min(text.find_first_not_of("0123456789."), text.size());
  const std::string unit = lower(trim(text.substr(digits)));
  constexpr std::string_view kUnits = "kmgtp";
  const size_t power = unit.empty() ? std::string_view::npos : kUnits.find(unit[0]);
  const std::string_view rest = std::string_view(unit).substr(power == std::string_view::npos ? 0 : 1);
  if (!rest.empty() && rest != "b" && !(rest == "ib" && power != std::string_view::npos)) return std::nullopt;
  const int64_t factor = power == std::string_view::npos ? 1 : int64_t{1} << (10 * (power + 1));

  const std::string_view mantissa = text.substr(0, digits);
  const size_t point = mantissa.find('.');
  const std::optional<int64_t> whole = number<int64_t>(mantissa.substr(0, point));
  if (!whole || *whole > INT64_MAX / factor) return std::nullopt;
  if (point == std::string_view::npos) return *whole * factor;
  const std::string_view decimals = mantissa.substr(point + 1);
  constexpr size_t kMostDecimals = 6;  // fewer than would overflow with the largest unit
  const std::optional<int64_t> fraction = number<int64_t>(decimals);
  if (!fraction || decimals.size() > kMostDecimals || *whole == INT64_MAX / factor) return std::nullopt;
  double part = static_cast<double>(*fraction) * static_cast<double>(factor);
  for (size_t i = 0; i < decimals.size(); ++i) part /= 10;
  return *whole * factor + static_cast<int64_t>(part);
}

// `escaped`: what gets a backslash besides.
static void append_printable(std::string& out, std::string_view text, std::string_view escaped) {
  constexpr char kHex[] = "0123456789abcdef";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte > 0x7e) {
      out += {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
      continue;
    }
    if (escaped.find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
}

std::string printable(std::string_view text) {
  std::string out;
  append_printable(out, text, "");
  return out;
}

std::string quote(std::string_view text) {
  std::string quoted = "\"";
  append_printable(quoted, text, "\"\\");
  quoted += '"';
  return quoted;
}

static size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t above = row[j];
      const size_t change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({change, above + 1, row[j - 1] + 1});
      diagonal = above;
    }
  }
  return row[b.size()];
}

std::optional<std::string_view> nearest(std::string_view wanted,
                                        std::span<const std::string_view> candidates) {
  std::optional<std::string_view> best;
  size_t best_distance = std::max<size_t>(2, wanted.size() / 3) + 1;
  for (const std::string_view candidate : candidates) {
    const size_t distance = edit_distance(wanted, candidate);
    if (distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

}  // namespace estiva::text
