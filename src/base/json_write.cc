// SPDX-License-Identifier: Apache-2.0
// The JSON writer.
#include <cmath>

#include "estiva/base/json.h"
#include "json_utf8.h"

namespace estiva::json {

namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";  // U+FFFD

void append_escaped(std::string& out, char c) {
  static constexpr std::string_view kShort = "\"\"\\\\\bb\ff\nn\rr\tt";  // pairs: the byte, its letter
  static constexpr char kHex[] = "0123456789abcdef";
  for (size_t i = 0; i < kShort.size(); i += 2) {
    if (kShort[i] != c) continue;
    out += '\\';
    out += kShort[i + 1];
    return;
  }
  out += "\\u00";
  out += kHex[static_cast<unsigned char>(c) >> 4];
  out += kHex[c & 15];
}

bool is_plain(char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; }

}  // namespace

void Writer::line() {
  if (!pretty_) return;
  out_ += '\n';
  out_.append(depth_, '\t');
}

void Writer::separate() {
  if (after_key_) {
    after_key_ = false;
    return;
  }
  if (!first_) out_ += ',';
  if (depth_ > 0) line();
  first_ = false;
}

void Writer::open(char bracket) {
  separate();
  out_ += bracket;
  depth_++;
  first_ = true;
}

void Writer::close(char bracket) {
  depth_--;
  if (!first_) line();
  out_ += bracket;
  first_ = false;
}

void Writer::quoted(std::string_view text) {
  out_ += '"';
  while (!text.empty()) {
    size_t plain = 0;
    while (plain < text.size() && is_plain(text[plain])) plain++;
    out_ += text.substr(0, plain);
    text.remove_prefix(plain);
    if (text.empty()) break;
    const size_t length = utf8_sequence(text);
    if (length == 0) {
      out_ += kReplacement;
    } else if (length > 1 || text[0] == 0x7f) {
      out_ += text.substr(0, length);
    } else {
      append_escaped(out_, text[0]);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  out_ += '"';
}

void Writer::key(std::string_view name) {
  separate();
  quoted(name);
  out_ += pretty_ ? ": " : ":";
  after_key_ = true;
}

void Writer::string(std::string_view value) {
  separate();
  quoted(value);
}

void Writer::number(double value) {
  if (!std::isfinite(value)) return null();
  raw(text::fraction(value));
}

void Writer::raw(std::string_view json) {
  separate();
  out_ += json;
}

void Writer::node(const Node& node) {
  switch (node.type) {
    case Type::kNull:
      return null();
    case Type::kBool:
    case Type::kNumber:
      return raw(node.text);
    case Type::kString:
      return string(node.text);
    case Type::kArray:
      begin_array();
      for (const Node& element : node.children()) this->node(element);
      return end_array();
    case Type::kObject:
      begin_object();
      for (const Node& member : node.children()) {
        key(member.key);
        this->node(member);
      }
      return end_object();
  }
}

}  // namespace estiva::json
