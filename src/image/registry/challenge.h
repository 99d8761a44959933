// SPDX-License-Identifier: Apache-2.0
// What a registry says in headers about who may ask and how often: WWW-Authenticate (RFC 9110, 11.6.1), Retry-After
// and Docker Hub's rate limits. Pure: text in, values out. All of it is a stranger's text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace estiva::image {

struct Challenge {
  std::string scheme;                                           // lower case: "bearer", "basic"
  std::vector<std::pair<std::string, std::string>> parameters;  // names in lower case

  // Empty if there is none of that name.
  std::string_view find(std::string_view name) const;
};

// All challenges of one header, which may hold several, with commas in quoted texts. What is out of grammar ends the
// list; what stood before it counts.
std::vector<Challenge> parse_challenges(std::string_view header);

// Seconds to wait from `now` (of the epoch) on: a number, a date, or, as Docker Hub has sent them, a fraction, "30s"
// or a point in time since the epoch. Nothing for other texts; never negative.
std::optional<int64_t> parse_retry_after(std::string_view header, int64_t now);

// "100;w=21600" of ratelimit-limit and "76;w=21600" of ratelimit-remaining.
struct RateValue {
  uint64_t count = 0;
  uint64_t window_s = 0;  // 0: not said
  bool operator==(const RateValue&) const = default;
};
std::optional<RateValue> parse_rate(std::string_view header);

// The range of "bytes 100-199/500"; size is absent for "*".
struct ContentRange {
  uint64_t first = 0, last = 0;
  std::optional<uint64_t> size;
  bool operator==(const ContentRange&) const = default;
};
std::optional<ContentRange> parse_content_range(std::string_view header);

// How many bytes an upload has, of its Range, "0-1023". Nothing for "0-0", which registries say of an empty one too, and
// for one that does not begin at 0.
std::optional<uint64_t> parse_upload_range(std::string_view header);

}  // namespace estiva::image
