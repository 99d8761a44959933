// SPDX-License-Identifier: Apache-2.0
// A scanner over one word at a time.
#include "image/commit/words.h"

#include "estiva/base/text.h"

namespace estiva::image {

namespace {

constexpr std::string_view kBlanks = " \t\n\r";

bool is_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

Error wrong(std::string message) { return Error(Code::kInvalid, std::move(message)); }

class Expander {
 public:
  Expander(std::string_view word, const Lookup& lookup) : rest_(word), lookup_(lookup) {}

  Result<std::string> run() {
    std::string out;
    while (!rest_.empty()) TRY(step(out));
    return out;
  }

 private:
  char take() {
    const char c = rest_[0];
    rest_.remove_prefix(1);
    return c;
  }

  Result<void> step(std::string& out) {
    const char c = take();
    if (c == '\'') return single(out);
    if (c == '"') return twofold(out);
    if (c == '$') return variable(out);
    if (c == '\\' && !rest_.empty()) {
      out += take();
    } else {
      out += c;
    }
    return {};
  }

  Result<void> single(std::string& out) {
    const size_t end = rest_.find('\'');
    if (end == std::string_view::npos) return wrong("a quote is not closed");
    out += rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return {};
  }

  Result<void> twofold(std::string& out) {
    while (!rest_.empty()) {
      const char c = take();
      if (c == '"') return {};
      if (c == '$') {
        TRY(variable(out));
      } else if (c == '\\' && !rest_.empty() &&
                 std::string_view("\"$\\").find(rest_[0]) != std::string_view::npos) {
        out += take();
      } else {
        out += c;
      }
    }
    return wrong("a quote is not closed");
  }

  Result<void> variable(std::string& out) {
    if (!rest_.empty() && rest_[0] == '{') return braced(out);
    size_t length = 0;
    while (length < rest_.size() && is_name(rest_[length])) ++length;
    if (length == 0) {
      out += '$';
      return {};
    }
    out += lookup_(rest_.substr(0, length)).value_or("");
    rest_.remove_prefix(length);
    return {};
  }

  // ${NAME}, ${NAME:-word}, ${NAME:+word}
  Result<void> braced(std::string& out) {
    const size_t end = closing_brace();
    if (end == std::string_view::npos) return wrong("a brace is not closed");
    const std::string_view inner = rest_.substr(1, end - 1);
    rest_.remove_prefix(end + 1);
    size_t length = 0;
    while (length < inner.size() && is_name(inner[length])) ++length;
    const std::string_view name = inner.substr(0, length), modifier = inner.substr(length, 2);
    const std::string value = lookup_(name).value_or("");
    if (name.empty() || (length < inner.size() && modifier != ":-" && modifier != ":+"))
      return wrong(text::cat("${", text::printable(inner), "} is not understood"));
    const bool use_word = modifier == (value.empty() ? ":-" : ":+");
    if (!use_word) {
      out += modifier == ":+" ? "" : value;
      return {};
    }
    out += TRY(expand_word(inner.substr(length + 2), lookup_));
    return {};
  }

  size_t closing_brace() const {
    int depth = 0;
    for (size_t i = 0; i < rest_.size(); ++i) {
      if (rest_[i] == '{') ++depth;
      if (rest_[i] == '}' && --depth == 0) return i;
    }
    return std::string_view::npos;
  }

  std::string_view rest_;
  const Lookup& lookup_;
};

}  // namespace

Result<std::vector<std::string>> split_words(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  char quote = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote == 0 && kBlanks.find(c) != std::string_view::npos) {
      if (!word.empty()) words.push_back(std::exchange(word, ""));
      continue;
    }
    if (quote == 0 && (c == '"' || c == '\'')) {
      quote = c;
    } else if (c == quote) {
      quote = 0;
    }
    word += c;
    if (c == '\\' && quote != '\'' && i + 1 < text.size()) word += text[++i];
  }
  if (quote != 0) return wrong("a quote is not closed");
  if (!word.empty()) words.push_back(word);
  return words;
}

Result<std::string> expand_word(std::string_view word, const Lookup& lookup) {
  return Expander(word, lookup).run();
}

}  // namespace estiva::image
