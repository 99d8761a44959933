// SPDX-License-Identifier: Apache-2.0
// Walks a document along the rows.
#include "estiva/spec/lint.h"

#include <algorithm>

#include "rows.h"

namespace estiva::spec {

namespace {

class Walk {
 public:
  void object(const json::Node& node, const codec::Path& path, std::span<const codec::Row> rows) {
    if (node.type != json::Type::kObject) return;
    for (const json::Node& member : node.children()) {
      const codec::Path here = path.member(member.key);
      if (node.find(member.key) != &member) {
        add(Oddity::kTwice, here);
        continue;
      }
      const auto row = std::ranges::find(rows, member.key, &codec::Row::name);
      if (row == rows.end()) {
        unknown(here, rows);
      } else if ((row->flags & codec::kOtherPlatform) != 0) {
        add(Oddity::kOtherPlatform, here);
      } else if ((row->flags & codec::kRemoved) != 0) {
        add(Oddity::kRemoved, here);
      } else {
        if ((row->flags & codec::kDeprecated) != 0) add(Oddity::kDeprecated, here);
        value(member, here, *row->type);
      }
    }
  }

  std::vector<OddProperty> found;

 private:
  void value(const json::Node& node, const codec::Path& path, const codec::Type& type) {
    if (type.rows == nullptr) return;
    if (type.shape == codec::Shape::kObject) return object(node, path, type.rows());
    if (node.type != json::Type::kArray && node.type != json::Type::kObject) return;
    size_t index = 0;
    for (const json::Node& element : node.children()) {
      const bool array = node.type == json::Type::kArray;
      object(element, array ? path.element(index) : path.member(element.key), type.rows());
      ++index;
    }
  }

  void add(Oddity what, const codec::Path& path) { found.push_back({what, path.pointer(), {}}); }

  void unknown(const codec::Path& path, std::span<const codec::Row> rows) {
    std::vector<std::string_view> names;
    for (const codec::Row& row : rows) names.push_back(row.name);
    found.push_back({Oddity::kUnknown, path.pointer(),
                     std::string(text::nearest(path.name, names).value_or(std::string_view()))});
  }
};

}  // namespace

std::vector<OddProperty> find_odd_properties(const json::Document& config) {
  Walk walk;
  walk.object(config.root(), codec::Path(), codec::rows<Spec>());
  return std::move(walk.found);
}

}  // namespace estiva::spec
