// SPDX-License-Identifier: Apache-2.0
// Lines of key=value: reading, and the check of what was written.
#include "estiva/base/key_values.h"

#include <algorithm>

namespace estiva::key_values {

namespace {

Error at_line(size_t number, std::string message) {
  return Error::invalid(text::cat("line ", number), std::move(message));
}

const Key* find(std::span<const Key> table, std::string_view name) {
  const auto found = std::ranges::find(table, name, &Key::name);
  return found == table.end() ? nullptr : &*found;
}

Result<void> parse_line(const Key& key, void* target, std::string_view value, size_t number) {
  Result<void> set = key.set(target, value);
  if (set.ok()) return {};
  return std::move(set).error().object(text::cat("line ", number, ": ", key.name));
}

}  // namespace

Result<void> parse(std::span<const Key> table, void* target, std::string_view text, Unknown unknown) {
  std::vector<const Key*> seen;
  if (text.find('\0') != text.npos) return Error(Code::kInvalid, "has a NUL byte");
  for (size_t number = 1; !text.empty(); ++number) {
    const size_t end = text.find('\n');
    if (end == text.npos) return at_line(number, "has no end");
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    const size_t equals = line.find('=');
    if (equals == line.npos || equals == 0) return at_line(number, "is not key=value");
    const Key* key = find(table, line.substr(0, equals));
    if (key == nullptr && unknown == Unknown::kIgnore) continue;
    if (key == nullptr) {
      return at_line(number, text::cat("unknown key ", text::quote(line.substr(0, equals))));
    }
    if (!key->repeats && std::ranges::find(seen, key) != seen.end())
      return at_line(number, text::cat(key->name, " is given twice"));
    seen.push_back(key);
    TRY(parse_line(*key, target, line.substr(equals + 1), number));
  }
  return {};
}

void line(std::string& out, const char* name, std::string_view value) {
  const bool writable = value.find('\n') == value.npos && value.find('\0') == value.npos;
  out += writable ? text::cat(name, "=", value, "\n") : std::string(1, '\0');
}

Result<std::string> write(std::span<const Key> table, const void* source) {
  std::string out;
  for (const Key& key : table) {
    key.put(source, key.name, out);
    if (out.find('\0') != out.npos)
      return Error::invalid(key.name, "has a line break or a NUL, which can't be written down");
  }
  return out;
}

}  // namespace estiva::key_values
