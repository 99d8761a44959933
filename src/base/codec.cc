// SPDX-License-Identifier: Apache-2.0
// The row codec's loops and the wording of its errors.
#include "estiva/base/codec.h"

namespace estiva::codec {

std::string Path::pointer() const {
  if (parent == nullptr) return "";
  std::string text = parent->pointer();
  text += '/';
  if (is_element) {
    text::append(text, index);
    return text;
  }
  for (const char c : name) {
    if (c == '~') {
      text += "~0";
    } else if (c == '/') {
      text += "~1";
    } else {
      text += c;
    }
  }
  return text;
}

Error wrong_type(const json::Node& node, const Path& path, std::string_view expected) {
  return Error::invalid(path.pointer(),
                        text::cat("is ", json::describe(node.type), ", ", expected, " is expected"));
}

Error bad_integer(const json::Node& node, const Path& path, std::string_view least,
                  std::string_view greatest) {
  if (node.type != json::Type::kNumber) return wrong_type(node, path, "a number");
  return Error::invalid(path.pointer(), text::cat("is ", node.text, ", an integer from ", least, " to ",
                                                  greatest, " is expected"));
}

namespace {

const Row* find_row(std::span<const Row> rows, std::string_view name) {
  for (const Row& row : rows) {
    if (name == row.name) return &row;
  }
  return nullptr;
}

}  // namespace

Result<void> decode_object(const json::Node& node, const Path& path, void* object,
                           std::span<const Row> rows) {
  if (node.type != json::Type::kObject) return wrong_type(node, path, "an object");
  uint64_t seen = 0;  // bit = position of the row; no table is longer than 64
  for (const json::Node& member : node.children()) {
    const Row* row = find_row(rows, member.key);
    if (row == nullptr || row->member == nullptr || member.type == json::Type::kNull) continue;
    TRY(row->type->decode(member, path.member(member.key), row->member(object)));
    seen |= uint64_t{1} << (row - rows.data());
  }
  for (const Row& row : rows) {
    const bool is_missing = (seen >> (&row - rows.data()) & 1) == 0;
    if ((row.flags & kRequired) != 0 && is_missing) {
      return Error::invalid(path.member(row.name).pointer(), "is required");
    }
  }
  return {};
}

void encode_object(json::Writer& writer, const void* object, std::span<const Row> rows) {
  writer.begin_object();
  for (const Row& row : rows) {
    if (row.member == nullptr) continue;
    const void* value = row.member(const_cast<void*>(object));
    if ((row.flags & (kRequired | kKeep)) == 0 && row.type->empty(value)) continue;
    writer.key(row.name);
    row.type->encode(writer, value);
  }
  writer.end_object();
}

Result<size_t> decode_name(const json::Node& node, const Path& path,
                           std::span<const std::string_view> names) {
  if (node.type != json::Type::kString) return wrong_type(node, path, "a string");
  for (size_t i = 0; i < names.size(); i++) {
    if (names[i] == node.text) return i;
  }
  Error error =
      Error::invalid(path.pointer(), text::cat("is ", text::quote(node.text), ", which is not known"));
  if (const auto similar = text::nearest(node.text, names)) {
    return std::move(error).hint(text::cat("did you mean ", *similar, "?"));
  }
  return error;
}

Result<void> Codec<bool>::decode(const json::Node& node, const Path& path, bool& value) {
  if (node.type != json::Type::kBool) return wrong_type(node, path, "a boolean");
  value = node.text == "true";
  return {};
}

Result<void> Codec<double>::decode(const json::Node& node, const Path& path, double& value) {
  if (node.type != json::Type::kNumber) return wrong_type(node, path, "a number");
  const std::optional<double> number = text::fraction(node.text);
  if (!number) return Error::invalid(path.pointer(), text::cat("is ", node.text, ", which is out of range"));
  value = *number;
  return {};
}

Result<void> Codec<std::string>::decode(const json::Node& node, const Path& path, std::string& value) {
  if (node.type != json::Type::kString) return wrong_type(node, path, "a string");
  value = node.text;
  return {};
}

}  // namespace estiva::codec
