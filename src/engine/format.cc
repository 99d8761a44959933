// SPDX-License-Identifier: Apache-2.0
// Tables, sizes, times.
#include "engine/format.h"

#include <math.h>
#include <stdio.h>
#include <time.h>

#include <algorithm>

#include "estiva/base/text.h"

namespace estiva::engine {

namespace {

constexpr size_t kLeast = 20, kGap = 3;

// Blocks of wide characters (Unicode, East Asian Width W and F), coarsely.
bool is_wide(char32_t c) {
  return (c >= 0x1100 && c <= 0x115f) || (c >= 0x2e80 && c <= 0xa4cf) || (c >= 0xac00 && c <= 0xd7a3) ||
         (c >= 0xf900 && c <= 0xfaff) || (c >= 0xfe30 && c <= 0xfe6f) || (c >= 0xff00 && c <= 0xff60) ||
         (c >= 0xffe0 && c <= 0xffe6) || (c >= 0x1f300 && c <= 0x1faff) || (c >= 0x20000 && c <= 0x3fffd);
}

int64_t days_before(int64_t year, int64_t month, int64_t day) {  // since 1970-01-01
  year -= month <= 2 ? 1 : 0;
  const int64_t era = (year >= 0 ? year : year - 399) / 400, of_era = year - era * 400;
  const int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

std::string size_text(uint64_t bytes, int digits, const char* gap) {
  constexpr const char* kNames[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
  double value = static_cast<double>(bytes);
  const double least_rounded_up = 1000 - ::pow(10, 3 - digits) / 2;
  size_t unit = 0;
  for (; value >= least_rounded_up && unit + 1 < std::size(kNames); ++unit) value /= 1000;
  char text[32];
  ::snprintf(text, sizeof text, "%.*g", digits, value);
  return text::cat(text, gap, kNames[unit]);
}

struct Unit {
  int64_t seconds;
  int64_t up_to;  // of the unit
  const char* name;
};
constexpr Unit kUnits[] = {{3600, 48, "hours"},
                           {24 * 3600, 14, "days"},
                           {7 * 24 * 3600, 9, "weeks"},
                           {30 * 24 * 3600, 24, "months"},
                           {365 * 24 * 3600, INT64_MAX, "years"}};

}  // namespace

size_t display_width(std::string_view text) {
  size_t width = 0;
  for (size_t i = 0; i < text.size();) {
    const auto first = static_cast<unsigned char>(text[i]);
    const size_t length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    char32_t c = length == 1 ? first : first & (0xff >> (length + 1));
    for (size_t k = 1; k < length && i + k < text.size(); ++k) c = c << 6 | (text[i + k] & 0x3f);
    width += is_wide(c) ? 2 : 1;
    i += length;
  }
  return width;
}

std::string Table::text() const {
  std::vector<size_t> widths;
  for (const std::vector<std::string>& row : rows_) {
    widths.resize(std::max(widths.size(), row.size()), kLeast);
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], display_width(row[i]) + kGap);
  }
  std::string out;
  for (const std::vector<std::string>& row : rows_) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(widths[i] - display_width(row[i]), ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

std::string human_size(uint64_t bytes) { return size_text(bytes, 4, " "); }
std::string docker_size(uint64_t bytes) { return size_text(bytes, 3, ""); }

std::string human_duration(int64_t seconds) {
  if (seconds < 1) return "Less than a second";
  if (seconds == 1) return "1 second";
  if (seconds < 60) return text::cat(seconds, " seconds");
  if (seconds < 120) return "About a minute";
  if (seconds < 3600) return text::cat(seconds / 60, " minutes");
  const int64_t hours = (seconds + 1800) / 3600;
  if (hours == 1) return "About an hour";
  for (const Unit& unit : kUnits) {
    const int64_t count = unit.seconds == 3600 ? hours : hours * 3600 / unit.seconds;
    if (count < unit.up_to) return text::cat(count, " ", unit.name);
  }
  return "";
}

int64_t seconds_of(const std::string& text) {
  bool valid = text.size() >= 19 && text[10] == 'T';
  const auto part = [&](size_t at, size_t size) {
    const auto found = valid && at <= text.size()
                           ? text::number<int64_t>(std::string_view(text).substr(at, size))
                           : std::nullopt;
    valid = valid && found && *found >= 0;
    return valid ? *found : 0;
  };
  const int64_t days = days_before(part(0, 4), part(5, 2), part(8, 2));
  int64_t seconds = part(11, 2) * 3600 + part(14, 2) * 60 + part(17, 2);
  const size_t zone = valid ? text.find_first_of("+-", 19) : std::string::npos;
  if (zone != std::string::npos) {
    const int64_t offset = (part(zone + 1, 2) * 60 + part(zone + 4, 2)) * 60;
    seconds += text[zone] == '-' ? offset : -offset;
  }
  return valid ? days * 86400 + seconds : 0;
}

Result<int64_t> time_of(const std::string& text) {
  if (const auto plain = text::number<int64_t>(text)) return *plain;
  constexpr std::pair<char, int64_t> kLetters[] = {{'s', 1}, {'m', 60}, {'h', 3600}};
  int64_t before = 0;
  size_t begin = 0;
  for (size_t end; (end = text.find_first_of("smh", begin)) != text.npos; begin = end + 1) {
    const auto count = text::number<uint32_t>(std::string_view(text).substr(begin, end - begin));
    const auto* unit = std::ranges::find(kLetters, text[end], &std::pair<char, int64_t>::first);
    if (!count) break;
    before += *count * unit->second;
  }
  if (begin > 0 && begin == text.size()) return ::time(nullptr) - before;
  if (const int64_t seconds = seconds_of(text); seconds != 0) return seconds;
  return Error(Code::kInvalid, text::cat("is no time: ", text::quote(text)));
}

std::string ago(int64_t seconds) {
  if (seconds <= 0) return "N/A";
  return human_duration(::time(nullptr) - seconds) + " ago";
}

}  // namespace estiva::engine
