// SPDX-License-Identifier: Apache-2.0
// Any bytes as JSON: the reader keeps its limits, and what was written from a document reads and writes the same.
#include <cstdint>
#include <cstdlib>

#include "base/json_utf8.h"
#include "estiva/base/json.h"

namespace {

using estiva::json::Document;
using estiva::json::Limits;
using estiva::json::Node;
using estiva::json::Writer;

constexpr Limits kLimits = {.bytes = 1 << 16, .depth = 16, .values = 4096, .string = 1024};

void require(bool holds) {
  if (!holds) std::abort();
}

void check(const Node& node, size_t depth) {
  require(depth <= kLimits.depth && node.key.size() <= kLimits.string && node.text.size() <= kLimits.string);
  require(node.key.find('\0') == node.key.npos && node.text.find('\0') == node.text.npos);
  require(estiva::json::find_invalid_utf8(node.key) == node.key.npos);
  require(estiva::json::find_invalid_utf8(node.text) == node.text.npos);
  uint32_t nodes = 1;
  for (const Node& child : node.children()) {
    const bool is_container =
        child.type == estiva::json::Type::kArray || child.type == estiva::json::Type::kObject;
    check(child, depth + (is_container ? 1 : 0));
    nodes += child.subtree;
  }
  require(nodes == node.subtree);
}

std::string write(const Document& document, bool pretty) {
  std::string out;
  Writer(out, pretty).node(document.root());
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto document = Document::parse(text, kLimits);
  if (!document.ok()) {
    require(!document.error().to_string().empty());
    return 0;
  }
  require(size <= kLimits.bytes && document.value().root().subtree <= kLimits.values);
  check(document.value().root(), 1);
  for (const bool pretty : {false, true}) {
    const std::string once = write(document.value(), pretty);
    const auto again = Document::parse(once);
    require(again.ok() && write(again.value(), pretty) == once);
  }
  return 0;
}
