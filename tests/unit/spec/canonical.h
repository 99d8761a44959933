// SPDX-License-Identifier: Apache-2.0
// A document as text that is equal for documents that mean the same: members sorted, the last of equal names kept,
// what is unknown, null, false, 0 or empty left out.
#pragma once

#include <map>
#include <string>

#include "estiva/base/codec.h"

namespace samples {

using estiva::codec::Row;
using estiva::codec::Shape;
using estiva::json::Node;

inline std::string canonical(const Node& node, Shape shape, std::span<const Row> (*rows)());

inline std::string canonical_object(const Node& node, std::span<const Row> rows) {
  std::map<std::string_view, std::string> members;
  for (const Row& row : rows) {
    const Node* found = nullptr;
    for (const Node& member : node.children()) {
      if (member.key == row.name && member.type != estiva::json::Type::kNull) found = &member;
    }
    if (row.member == nullptr || found == nullptr) continue;
    std::string text = canonical(*found, row.type->shape, row.type->rows);
    if (!text.empty()) members[row.name] = std::move(text);
  }
  std::string text;
  for (const auto& [name, value] : members) text += std::string(name) + ":" + value + ",";
  return text.empty() ? "" : "{" + text + "}";
}

inline std::string canonical(const Node& node, Shape shape, std::span<const Row> (*rows)()) {
  const Shape element = rows == nullptr ? Shape::kValue : Shape::kObject;
  std::string text;
  switch (shape) {
    case Shape::kObject:
      return canonical_object(node, rows());
    case Shape::kArray:
      for (const Node& child : node.children()) text += canonical(child, element, rows) + ";";
      return text.empty() ? "" : "[" + text + "]";
    case Shape::kMap: {
      std::map<std::string_view, std::string> members;
      for (const Node& child : node.children()) members[child.key] = canonical(child, element, rows);
      for (const auto& [name, value] : members) text += std::string(name) + ":" + value + ",";
      return text.empty() ? "" : "<" + text + ">";
    }
    case Shape::kValue:
      break;
  }
  if (node.type == estiva::json::Type::kString)
    return node.text.empty() ? "" : '"' + std::string(node.text) + '"';
  return node.text == "0" || node.text == "false" ? "" : std::string(node.text);
}

}  // namespace samples
