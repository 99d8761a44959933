// SPDX-License-Identifier: Apache-2.0
// JSON: a reader that yields a whole document as flat nodes within limits, and a writer that appends to a string.
// Numbers keep their exact text, so that 64-bit values survive. Objects keep duplicate members: who looks a name up
// takes the last (as Go's encoding/json does). The grammar is yajl's; limits, UTF-8 and NUL rules are ours.
#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "estiva/base/error.h"
#include "estiva/base/text.h"

namespace estiva::json {

enum class Type : uint8_t { kNull, kBool, kNumber, kString, kArray, kObject };
// With its article, for messages: "a string".
std::string_view describe(Type type);

// A value. The nodes of a document stand in the order of the text: a container's first element follows it, and
// its next sibling is `subtree` nodes away.
struct Node {
  class Iterator {
   public:
    explicit Iterator(const Node* node) : node_(node) {}
    const Node& operator*() const { return *node_; }
    Iterator& operator++() {
      node_ += node_->subtree;
      return *this;
    }
    bool operator==(const Iterator&) const = default;

   private:
    const Node* node_;
  };
  struct Children {
    const Node* parent;
    Iterator begin() const { return Iterator(parent + 1); }
    Iterator end() const { return Iterator(parent + parent->subtree); }
  };

  std::string_view key;  // the name, in an object
  std::string_view
      text;  // a string without its quotes and escapes, a number as it is written, "true" or "false"
  uint32_t subtree = 1;  // nodes, this one included
  Type type = Type::kNull;

  Children children() const { return {this}; }
  // Elements or members; walks them.
  size_t count() const;
  // The last member of that name, or null.
  const Node* find(std::string_view name) const;
};

struct Limits {
  size_t bytes = 16 << 20;  // of the document
  size_t depth = 64;        // of containers in containers
  size_t values = 1 << 20;  // of the document
  size_t string = 1 << 20;  // bytes of one string
};

class Document {
 public:
  // Copies what it keeps. The error has line and column (in bytes, from 1). Invalid UTF-8, and NUL in a string, are errors.
  static Result<Document> parse(std::string_view text, const Limits& limits = {});

  const Node& root() const { return nodes_.front(); }

 private:
  friend struct Builder;
  Document() = default;
  std::unique_ptr<char[]> strings_;
  std::vector<Node> nodes_;
};

// Commas and indentation are the writer's; that keys and values alternate, and all that opens is closed, the caller's.
// Slashes are not escaped; bytes that are no UTF-8 become U+FFFD.
class Writer {
 public:
  // Pretty: one tab a level, a line for each value.
  explicit Writer(std::string& out, bool pretty = false) : out_(out), pretty_(pretty) {}

  void begin_object() { open('{'); }
  void end_object() { close('}'); }
  void begin_array() { open('['); }
  void end_array() { close(']'); }
  void key(std::string_view name);
  void null() { raw("null"); }
  void boolean(bool value) { raw(value ? "true" : "false"); }
  void string(std::string_view value);
  template <std::integral T>
  void number(T value) {
    separate();
    text::append(out_, value);
  }
  void number(double value);  // null if not finite
  void raw(std::string_view json);
  // The value with everything below it.
  void node(const Node& node);

 private:
  void separate();
  void open(char bracket);
  void close(char bracket);
  void line();
  void quoted(std::string_view text);

  std::string& out_;
  bool pretty_;
  bool first_ = true;       // nothing stands in the open container yet
  bool after_key_ = false;  // the next value belongs to the key just written
  unsigned depth_ = 0;
};

}  // namespace estiva::json
