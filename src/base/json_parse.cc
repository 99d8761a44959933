// SPDX-License-Identifier: Apache-2.0
// The JSON reader: yajl's events become nodes, within limits. The only file that knows yajl.
#include <yajl/yajl_parse.h>

#include <algorithm>
#include <cerrno>

#include "estiva/base/json.h"
#include "json_utf8.h"

namespace estiva::json {

std::string_view describe(Type type) {
  static constexpr std::string_view kNames[] = {"null",     "a boolean", "a number",
                                                "a string", "an array",  "an object"};
  return kNames[static_cast<size_t>(type)];
}

size_t Node::count() const {
  size_t count = 0;
  for ([[maybe_unused]] const Node& child : children()) count++;
  return count;
}

const Node* Node::find(std::string_view name) const {
  const Node* found = nullptr;
  for (const Node& member : children()) {
    if (member.key == name) found = &member;
  }
  return found;
}

// Receives the events. A handler that returns 0 stops the parser; `problem` then says why.
struct Builder {
  const Limits& limits;
  Document document;
  char* string_end = nullptr;  // of what is used of document.strings_
  std::vector<uint32_t> open;  // containers that are not closed yet
  std::string_view key;
  const char* problem = nullptr;

  int stop(const char* why) {
    problem = why;
    return 0;
  }

  int keep(std::string_view text, std::string_view& kept) {
    if (text.size() > limits.string) return stop("a string is too long");
    if (text.find('\0') != text.npos) return stop("a string contains NUL");
    std::copy(text.begin(), text.end(), string_end);
    kept = {string_end, text.size()};
    string_end += text.size();
    return 1;
  }

  int add(Type type, std::string_view text) {
    if (document.nodes_.size() >= limits.values) return stop("there are too many values");
    document.nodes_.push_back({std::exchange(key, {}), text, 1, type});
    return 1;
  }

  int add_copy(Type type, std::string_view text) {
    std::string_view kept;
    return keep(text, kept) != 0 ? add(type, kept) : 0;
  }

  int begin(Type type) {
    if (open.size() >= limits.depth) return stop("the nesting is too deep");
    open.push_back(static_cast<uint32_t>(document.nodes_.size()));
    return add(type, {});
  }

  int end() {
    const uint32_t at = open.back();
    open.pop_back();
    document.nodes_[at].subtree = static_cast<uint32_t>(document.nodes_.size() - at);
    return 1;
  }
};

namespace {

Builder& builder_of(void* context) { return *static_cast<Builder*>(context); }
std::string_view view(const unsigned char* text, size_t size) {
  return {reinterpret_cast<const char*>(text), size};
}

int on_null(void* context) { return builder_of(context).add(Type::kNull, {}); }
int on_bool(void* context, int value) {
  return builder_of(context).add(Type::kBool, value != 0 ? "true" : "false");
}
int on_number(void* context, const char* text, size_t size) {
  return builder_of(context).add_copy(Type::kNumber, {text, size});
}
int on_string(void* context, const unsigned char* text, size_t size) {
  return builder_of(context).add_copy(Type::kString, view(text, size));
}
int on_key(void* context, const unsigned char* text, size_t size) {
  return builder_of(context).keep(view(text, size), builder_of(context).key);
}
int on_begin_object(void* context) { return builder_of(context).begin(Type::kObject); }
int on_begin_array(void* context) { return builder_of(context).begin(Type::kArray); }
int on_end(void* context) { return builder_of(context).end(); }

constexpr yajl_callbacks kCallbacks = {
    .yajl_null = on_null,
    .yajl_boolean = on_bool,
    .yajl_integer = nullptr,
    .yajl_double = nullptr,
    .yajl_number = on_number,
    .yajl_string = on_string,
    .yajl_start_map = on_begin_object,
    .yajl_map_key = on_key,
    .yajl_end_map = on_end,
    .yajl_start_array = on_begin_array,
    .yajl_end_array = on_end,
};

struct FreeHandle {
  void operator()(yajl_handle handle) const { yajl_free(handle); }
};
using Handle = std::unique_ptr<yajl_handle_t, FreeHandle>;

Error error_at(std::string_view text, size_t offset, std::string_view what) {
  const std::string_view before = text.substr(0, offset);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const size_t newline = before.rfind('\n');
  const size_t column = newline == before.npos ? offset + 1 : offset - newline;
  return Error::invalid("", text::cat("line ", line, ", column ", column, ": ", what));
}

// What yajl has to say, without its line end.
std::string complaint(yajl_handle handle) {
  unsigned char* said = yajl_get_error(handle, 0, nullptr, 0);
  if (said == nullptr) return "out of memory";
  std::string message(text::trim(reinterpret_cast<const char*>(said)));
  yajl_free_error(handle, said);
  return message;
}

}  // namespace

Result<Document> Document::parse(std::string_view text, const Limits& limits) {
  if (text.size() > limits.bytes) {
    return Error::invalid("", text::cat("the document is larger than ", limits.bytes, " bytes"));
  }
  const size_t invalid = find_invalid_utf8(text);
  if (invalid != text.npos) return error_at(text, invalid, "invalid UTF-8");
  // yajl would make "?" of the first half, and bytes that are no UTF-8 of the second.
  const size_t lone = find_lone_surrogate(text);
  if (lone != text.npos) return error_at(text, lone, "half of a surrogate pair");

  Builder builder{limits, Document(), nullptr, {}, {}, nullptr};
  // Without escapes a string is never longer than its source, and a number is its source.
  builder.document.strings_ = std::make_unique_for_overwrite<char[]>(text.size());
  builder.string_end = builder.document.strings_.get();
  constexpr size_t kUsual = 16;  // bytes of text for each value of a configuration
  builder.document.nodes_.reserve(std::min(text.size() / kUsual, limits.values));

  const Handle handle(yajl_alloc(&kCallbacks, nullptr, &builder));
  if (handle == nullptr) return Error::system("malloc", ENOMEM);
  yajl_config(handle.get(), yajl_dont_validate_strings, 1);
  yajl_status status =
      yajl_parse(handle.get(), reinterpret_cast<const unsigned char*>(text.data()), text.size());
  // The last byte that the parser took; of a text that ends too early, the end.
  size_t offset = text.size();
  if (status == yajl_status_ok) {
    status = yajl_complete_parse(handle.get());
  } else {
    offset = std::min(offset, std::max<size_t>(yajl_get_bytes_consumed(handle.get()), 1) - 1);
  }
  if (status == yajl_status_ok) return std::move(builder.document);
  return error_at(text, offset, builder.problem != nullptr ? builder.problem : complaint(handle.get()));
}

}  // namespace estiva::json
