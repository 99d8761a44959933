// SPDX-License-Identifier: Apache-2.0
// UTF-8 validation. yajl's own accepts overlong forms and surrogates, so the reader checks the text itself.
#include "json_utf8.h"

#include <cstdint>
#include <cstring>
#include <optional>

#include "estiva/base/text.h"

namespace estiva::json {

namespace {

// Which second bytes a lead byte allows, and how long its sequence is.
struct Lead {
  unsigned char first, last;
  unsigned char second_min, second_max;
  unsigned char length;
};
constexpr Lead kLeads[] = {
    {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
    {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4},
    {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
};

// The code unit of the \u escape at the beginning of `text`.
std::optional<unsigned> escaped_unit(std::string_view text) {
  if (text.size() < 6 || !text.starts_with("\\u")) return std::nullopt;
  return text::number<unsigned>(text.substr(2, 4), 16);
}

}  // namespace

size_t find_lone_surrogate(std::string_view text) {
  for (size_t at = text.find('\\'); at != text.npos; at = text.find('\\', at)) {
    const unsigned unit = escaped_unit(text.substr(at)).value_or(0);
    if (unit < 0xd800 || unit > 0xdfff) {
      at += 2;  // with the character that is escaped, which may be a backslash
      continue;
    }
    const unsigned second = at + 6 <= text.size() ? escaped_unit(text.substr(at + 6)).value_or(0) : 0;
    if (unit > 0xdbff || second < 0xdc00 || second > 0xdfff) return at;
    at += 12;
  }
  return text.npos;
}

size_t utf8_sequence(std::string_view text) {
  const auto byte = [text](size_t i) { return static_cast<unsigned char>(text[i]); };
  if (text.empty()) return 0;
  if (byte(0) < 0x80) return 1;
  for (const Lead& lead : kLeads) {
    if (byte(0) < lead.first || byte(0) > lead.last) continue;
    if (text.size() < lead.length || byte(1) < lead.second_min || byte(1) > lead.second_max) return 0;
    for (size_t i = 2; i < lead.length; i++) {
      if ((byte(i) & 0xc0) != 0x80) return 0;
    }
    return lead.length;
  }
  return 0;
}

size_t find_invalid_utf8(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    uint64_t word = 0;
    if (text.size() - at >= sizeof word) {
      std::memcpy(&word, text.data() + at, sizeof word);
      if ((word & 0x8080808080808080) == 0) {
        at += sizeof word;
        continue;
      }
    }
    const size_t length = utf8_sequence(text.substr(at));
    if (length == 0) return at;
    at += length;
  }
  return std::string_view::npos;
}

}  // namespace estiva::json
