// SPDX-License-Identifier: Apache-2.0
// Headers of registries.
#include "image/registry/challenge.h"

#include <time.h>

#include <algorithm>

#include "estiva/base/text.h"

namespace estiva::image {

namespace {

constexpr size_t kMaxHeader = 16 * 1024;
constexpr size_t kMaxChallenges = 16, kMaxParameters = 32;
// From here on a number is a point in time (September 2001), not a span.
constexpr int64_t kEpochLike = 1'000'000'000;

// tchar of RFC 9110, and the slash of token68, whose values we only have to step over.
bool is_token(char c) {
  const bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  return word || std::string_view("!#$%&'*+-.^_`|~/").find(c) != std::string_view::npos;
}

// Reads a header from its front.
struct Reader {
  std::string_view rest;

  void skip(std::string_view characters) {
    rest.remove_prefix(std::min(rest.find_first_not_of(characters), rest.size()));
  }
  std::string_view token() {
    const auto end = std::ranges::find_if_not(rest, is_token);
    const std::string_view taken = rest.substr(0, static_cast<size_t>(end - rest.begin()));
    rest.remove_prefix(taken.size());
    return taken;
  }
  // With its escapes taken away; an open end is the end of the header.
  std::string quoted() {
    std::string text;
    for (rest.remove_prefix(1); !rest.empty(); rest.remove_prefix(1)) {
      if (rest.front() == '"') {
        rest.remove_prefix(1);
        break;
      }
      if (rest.front() == '\\' && rest.size() > 1) rest.remove_prefix(1);
      text += rest.front();
    }
    return text;
  }
  std::string value() { return rest.starts_with('"') ? quoted() : std::string(token()); }
};

std::optional<int64_t> parse_date(std::string_view header, int64_t now) {
  const std::string text(header);
  for (const char* form :
       {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y"}) {
    struct tm fields = {};
    const char* end = strptime(text.c_str(), form, &fields);
    if (end != nullptr && *end == 0) return std::max<int64_t>(timegm(&fields) - now, 0);
  }
  return std::nullopt;
}

}  // namespace

std::string_view Challenge::find(std::string_view name) const {
  for (const auto& [known, value] : parameters)
    if (known == name) return value;
  return {};
}

std::vector<Challenge> parse_challenges(std::string_view header) {
  std::vector<Challenge> challenges;
  Reader reader{header.substr(0, kMaxHeader)};
  for (;;) {
    reader.skip(" \t,");
    const std::string_view word = reader.token();
    if (word.empty()) return challenges;
    reader.skip(" \t");
    if (!reader.rest.starts_with('=')) {
      if (challenges.size() == kMaxChallenges) return challenges;
      challenges.push_back({text::lower(word), {}});
      continue;
    }
    reader.rest.remove_prefix(1);
    reader.skip(" \t=");
    std::string value = reader.value();
    if (challenges.empty() || challenges.back().parameters.size() == kMaxParameters) return challenges;
    challenges.back().parameters.emplace_back(text::lower(word), std::move(value));
  }
}

std::optional<int64_t> parse_retry_after(std::string_view header, int64_t now) {
  std::string_view text = text::trim(header);
  if (const auto date = parse_date(text, now)) return date;
  if (text.ends_with('s')) text.remove_suffix(1);
  const size_t point = text.find('.');
  const bool fraction = point != std::string_view::npos;
  if (fraction && !text::number<uint64_t>(text.substr(point + 1))) return std::nullopt;
  const auto whole = text::number<int64_t>(text.substr(0, point));
  if (!whole || *whole < 0) return std::nullopt;
  if (*whole >= kEpochLike) return std::max<int64_t>(*whole - now, 0);
  return *whole + (fraction ? 1 : 0);
}

std::optional<RateValue> parse_rate(std::string_view header) {
  const std::vector<std::string> parts = text::split(header, ';');
  const auto count = text::number<uint64_t>(text::trim(parts[0]));
  if (!count) return std::nullopt;
  RateValue rate{*count, 0};
  for (size_t i = 1; i < parts.size(); ++i) {
    const std::string_view part = text::trim(parts[i]);
    if (part.starts_with("w=")) rate.window_s = text::number<uint64_t>(part.substr(2)).value_or(0);
  }
  return rate;
}

std::optional<ContentRange> parse_content_range(std::string_view header) {
  std::string_view text = text::trim(header);
  if (!text::lower(text.substr(0, 6)).starts_with("bytes ")) return std::nullopt;
  text = text::trim(text.substr(6));
  const size_t dash = text.find('-'), slash = text.find('/');
  if (dash == std::string_view::npos || slash == std::string_view::npos || slash < dash) return std::nullopt;
  const auto first = text::number<uint64_t>(text.substr(0, dash));
  const auto last = text::number<uint64_t>(text.substr(dash + 1, slash - dash - 1));
  if (!first || !last || *first > *last) return std::nullopt;
  ContentRange range{*first, *last, std::nullopt};
  if (text.substr(slash + 1) == "*") return range;
  range.size = text::number<uint64_t>(text.substr(slash + 1));
  if (!range.size || *range.size <= *last) return std::nullopt;
  return range;
}

std::optional<uint64_t> parse_upload_range(std::string_view header) {
  std::string_view text = text::trim(header);
  if (text.starts_with("bytes=")) text.remove_prefix(6);
  if (!text.starts_with("0-")) return std::nullopt;
  const auto last = text::number<uint64_t>(text.substr(2));
  if (!last || *last == 0 || *last == UINT64_MAX) return std::nullopt;
  return *last + 1;
}

}  // namespace estiva::image
