// SPDX-License-Identifier: Apache-2.0
// The host's table of mounts.
#include "runtime/parent/mountinfo.h"

#include <fcntl.h>

#include <algorithm>

#include "estiva/base/files.h"
#include "estiva/base/text.h"

namespace estiva::mountinfo {

namespace {

// Blanks and the like are written as \040.
std::string unescape(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto code = text[i] == '\\' && i + 3 < text.size()
                          ? text::number<unsigned>(text.substr(i + 1, 3), 8)
                          : std::nullopt;
    if (code) {
      out += static_cast<char>(*code);
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

}  // namespace

// Behind the fifth field come optional ones, which a "-" ends.
std::vector<Entry> parse(std::string_view table) {
  std::vector<Entry> entries;
  for (const std::string& line : text::split(table, '\n')) {
    const std::vector<std::string> fields = text::split(line, ' ');
    const auto dash = std::ranges::find(fields, "-");
    if (fields.size() < 5 || fields.end() - dash < 2) continue;
    entries.push_back({unescape(fields[4]), *(dash + 1)});
  }
  return entries;
}

Result<std::vector<Entry>> read() {
  const Fd table = TRY(sys::open("/proc/self/mountinfo", O_RDONLY));
  return parse(TRY(files::read_fd(table, 64 << 20)));
}

Result<std::vector<std::string>> below(const std::string& directory) {
  const std::string prefix = directory + "/";
  std::vector<std::string> points;
  for (Entry& entry : TRY(read())) {
    if (entry.point.starts_with(prefix)) points.push_back(std::move(entry.point));
  }
  return points;
}

Result<std::optional<std::string>> find_type(std::string_view type) {
  for (Entry& entry : TRY(read())) {
    if (entry.type == type) return std::optional<std::string>(std::move(entry.point));
  }
  return std::optional<std::string>();
}

}  // namespace estiva::mountinfo
