// SPDX-License-Identifier: Apache-2.0
// As much of TOML as containers' registries.conf has.
#include "image/registry/toml.h"

#include <algorithm>

#include "estiva/base/text.h"

namespace estiva::toml {

namespace {

bool is_bare(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

void append_utf8(std::string& out, uint32_t code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += {static_cast<char>(0xc0 | code >> 6), static_cast<char>(0x80 | (code & 0x3f))};
  } else if (code < 0x10000) {
    out += {static_cast<char>(0xe0 | code >> 12), static_cast<char>(0x80 | (code >> 6 & 0x3f)),
            static_cast<char>(0x80 | (code & 0x3f))};
  } else {
    out += {static_cast<char>(0xf0 | code >> 18), static_cast<char>(0x80 | (code >> 12 & 0x3f)),
            static_cast<char>(0x80 | (code >> 6 & 0x3f)), static_cast<char>(0x80 | (code & 0x3f))};
  }
}

class Parser {
 public:
  explicit Parser(std::string_view text) : rest_(text) {}

  Result<std::vector<Table>> run() {
    tables_.emplace_back();
    for (skip_all(); !rest_.empty(); skip_all()) {
      if (rest_.front() == '[') {
        TRY(header());
      } else {
        TRY(entry());
      }
      TRY(end_of_line());
    }
    return std::move(tables_);
  }

 private:
  Error wrong(std::string_view message) const {
    return Error(Code::kInvalid, text::cat("line ", line_, ": ", message));
  }

  bool take(std::string_view token) {
    if (!rest_.starts_with(token)) return false;
    rest_.remove_prefix(token.size());
    return true;
  }

  void skip_blanks() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t"), rest_.size())); }

  void skip_comment() {
    skip_blanks();
    if (rest_.starts_with('#')) rest_.remove_prefix(std::min(rest_.find('\n'), rest_.size()));
  }

  // Blanks, comments and line ends.
  void skip_all() {
    for (;;) {
      skip_comment();
      if (!take("\r\n") && !take("\n")) return;
      ++line_;
    }
  }

  Result<void> end_of_line() {
    skip_comment();
    if (rest_.empty() || rest_.starts_with('\n') || rest_.starts_with("\r\n")) return {};
    return wrong("something stands behind the value");
  }

  Result<std::string> key_part() {
    if (rest_.starts_with('"') || rest_.starts_with('\'')) return quoted();
    const auto end = std::ranges::find_if_not(rest_, is_bare);
    std::string key(rest_.begin(), end);
    if (key.empty()) return wrong("a key is missing");
    rest_.remove_prefix(key.size());
    return key;
  }

  // Dotted; the parts joined by dots.
  Result<std::string> key() {
    std::string name = TRY(key_part());
    for (skip_blanks(); take("."); skip_blanks()) {
      skip_blanks();
      name += text::cat(".", TRY(key_part()));
    }
    return name;
  }

  Result<void> header() {
    Table table;
    table.line = line_;
    take("[");
    table.element = take("[");
    skip_blanks();
    table.name = TRY(key());
    if (!take(table.element ? "]]" : "]")) return wrong("the header of a table is not closed");
    tables_.push_back(std::move(table));
    return {};
  }

  Result<void> entry() {
    Entry entry;
    entry.line = line_;
    entry.key = TRY(key());
    if (!take("=")) return wrong(text::cat("no = behind ", text::quote(entry.key)));
    skip_blanks();
    TRY(value(entry));
    if (tables_.back().find(entry.key) != nullptr)
      return wrong(text::cat(text::quote(entry.key), " stands twice"));
    tables_.back().entries.push_back(std::move(entry));
    return {};
  }

  Result<void> value(Entry& entry) {
    if (rest_.starts_with('"') || rest_.starts_with('\'')) {
      entry.text = TRY(quoted());
      return {};
    }
    if (rest_.starts_with('[')) return array(entry);
    const size_t end = std::min(rest_.find_first_of(" \t\r\n#,]"), rest_.size());
    entry.text = rest_.substr(0, end);
    rest_.remove_prefix(end);
    if (entry.text == "true" || entry.text == "false") {
      entry.kind = Kind::kBool;
    } else if (text::number<int64_t>(entry.text)) {
      entry.kind = Kind::kNumber;
    } else {
      return wrong(text::cat("the value of ", text::quote(entry.key), " is none that is understood here"));
    }
    return {};
  }

  Result<void> array(Entry& entry) {
    entry.kind = Kind::kArray;
    take("[");
    for (skip_all(); !take("]"); skip_all()) {
      if (!rest_.starts_with('"') && !rest_.starts_with('\'')) return wrong("an array may have strings only");
      entry.items.push_back(TRY(quoted()));
      skip_all();
      if (!take(",") && !rest_.starts_with(']')) return wrong("a comma or ] is missing");
    }
    return {};
  }

  Result<std::string> quoted() {
    const char mark = rest_.front();
    if (rest_.starts_with(mark == '"' ? "\"\"\"" : "'''"))
      return wrong("texts of several lines are not understood here");
    rest_.remove_prefix(1);
    std::string out;
    for (; !rest_.empty() && rest_.front() != '\n'; rest_.remove_prefix(1)) {
      if (rest_.front() == mark) {
        rest_.remove_prefix(1);
        return out;
      }
      if (mark == '"' && rest_.front() == '\\') {
        TRY(escape(out));
      } else {
        out += rest_.front();
      }
    }
    return wrong("a text is not closed");
  }

  // Leaves the last character of the escape in front.
  Result<void> escape(std::string& out) {
    rest_.remove_prefix(1);
    constexpr std::string_view kLetters = "btnfr\"\\", kMeant = "\b\t\n\f\r\"\\";
    const char letter = rest_.empty() ? 0 : rest_.front();
    if (const size_t at = kLetters.find(letter); at != std::string_view::npos) {
      out += kMeant[at];
      return {};
    }
    const size_t digits = letter == 'u' ? 4 : letter == 'U' ? 8 : 0;
    const auto code = text::number<uint32_t>(rest_.substr(std::min<size_t>(1, rest_.size()), digits), 16);
    if (digits == 0 || rest_.size() < digits + 1 || !code || *code > 0x10ffff ||
        (*code >= 0xd800 && *code < 0xe000))
      return wrong("an escape that does not exist");
    append_utf8(out, *code);
    rest_.remove_prefix(digits);
    return {};
  }

  std::string_view rest_;
  unsigned line_ = 1;
  std::vector<Table> tables_;
};

}  // namespace

const Entry* Table::find(std::string_view key) const {
  const auto found = std::ranges::find(entries, key, &Entry::key);
  return found == entries.end() ? nullptr : &*found;
}

Result<std::vector<Table>> parse(std::string_view text) { return Parser(text).run(); }

}  // namespace estiva::toml
