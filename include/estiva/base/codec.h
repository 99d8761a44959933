// SPDX-License-Identifier: Apache-2.0
// The row codec: a struct's JSON members are named once, in a table of rows, and both ways derive from it.
//
//   struct Root { std::string path; bool readonly = false; };
//   template <> std::span<const Row> codec::rows<Root>() {
//     static constexpr Row kRows[] = {row<&Root::path>("path", kRequired), row<&Root::readonly>("readonly")};
//     return kRows;
//   }
//   Result<Root> root = codec::decode<Root>(text);      std::string text = codec::encode(root.value());
//
// Members may be: bool, integers, double, std::string, enums with an enum_names(E) found by argument-dependent lookup,
// structs with rows, and std::optional, std::vector and std::map<std::string, ...> of these.
// Decoding: unknown members are ignored, null means absent, the last of equal names wins. The error's object is the
// JSON pointer (RFC 6901) of the value. Encoding: absent, false, 0 and empty values are left out, unless the row is
// kRequired or kKeep; a value in a std::optional is always written.
#pragma once

#include <concepts>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "estiva/base/error.h"
#include "estiva/base/json.h"

namespace estiva::codec {

enum Flags : unsigned {
  kRequired = 1,       // decoding fails without it
  kKeep = 2,           // written even when empty
  kOtherPlatform = 4,  // known, not for Linux: ignored
  kRemoved = 8,        // known from an older version of the document: ignored
};

// What the codec does with values of one C++ type, without knowing the type.
struct Row;
struct Path;
enum class Shape : uint8_t { kValue, kObject, kArray, kMap };
struct Type {
  Result<void> (*decode)(const json::Node&, const Path&, void* value);
  void (*encode)(json::Writer&, const void* value);
  bool (*empty)(const void* value);
  Shape shape;
  std::span<const Row> (*rows)();  // of the struct, or of the struct that the elements are; else null
};

struct Row {
  std::string_view name;
  unsigned flags;
  void* (*member)(void* object);  // null: the row is ignored
  const Type* type;
};

// A struct's table, to be specialised.
template <typename T>
std::span<const Row> rows();

// Where a value stands in its document: links on the stack, a text only when an error needs it.
struct Path {
  const Path* parent = nullptr;
  std::string_view name;  // of the member; of an element: empty
  size_t index = 0;       // of the element
  bool is_element = false;

  Path member(std::string_view key) const { return {this, key, 0, false}; }
  Path element(size_t at) const { return {this, {}, at, true}; }
  std::string pointer() const;
};

// "is a string, a number is expected"
Error wrong_type(const json::Node& node, const Path& path, std::string_view expected);
Result<void> decode_object(const json::Node& node, const Path& path, void* object, std::span<const Row> rows);
void encode_object(json::Writer& writer, const void* object, std::span<const Row> rows);
// Position of the text among the names.
Result<size_t> decode_name(const json::Node& node, const Path& path, std::span<const std::string_view> names);
Error bad_integer(const json::Node& node, const Path& path, std::string_view least,
                  std::string_view greatest);

// The three operations for one C++ type. This one: structs with rows.
template <typename T>
struct Codec {
  static_assert(std::is_class_v<T>);
  static constexpr Shape kShape = Shape::kObject;
  using Rows = T;
  static Result<void> decode(const json::Node& node, const Path& path, T& value) {
    value = T{};
    return decode_object(node, path, &value, rows<T>());
  }
  static void encode(json::Writer& writer, const T& value) { encode_object(writer, &value, rows<T>()); }
  static bool empty(const T&) { return false; }
};

template <typename T>
constexpr Type make_type() {
  using C = Codec<T>;
  std::span<const Row> (*table)() = nullptr;
  if constexpr (!std::is_void_v<typename C::Rows>) table = rows<typename C::Rows>;
  return {[](const json::Node& node, const Path& path, void* value) {
            return C::decode(node, path, *static_cast<T*>(value));
          },
          [](json::Writer& writer, const void* value) { C::encode(writer, *static_cast<const T*>(value)); },
          [](const void* value) { return C::empty(*static_cast<const T*>(value)); }, C::kShape, table};
}
template <typename T>
inline constexpr Type kType = make_type<T>();

template <typename Member>
struct MemberOf;
template <typename T, typename O>
struct MemberOf<T O::*> {
  using Value = T;
  using Object = O;
};

template <auto kMember>
constexpr Row row(std::string_view name, unsigned flags = 0) {
  using M = MemberOf<decltype(kMember)>;
  return {name, flags,
          [](void* object) -> void* { return &(static_cast<typename M::Object*>(object)->*kMember); },
          &kType<typename M::Value>};
}
constexpr Row ignored(std::string_view name, Flags why) { return {name, why, nullptr, nullptr}; }

struct Scalar {
  static constexpr Shape kShape = Shape::kValue;
  using Rows = void;
};

template <>
struct Codec<bool> : Scalar {
  static Result<void> decode(const json::Node& node, const Path& path, bool& value);
  static void encode(json::Writer& writer, bool value) { writer.boolean(value); }
  static bool empty(bool value) { return !value; }
};

template <>
struct Codec<double> : Scalar {
  static Result<void> decode(const json::Node& node, const Path& path, double& value);
  static void encode(json::Writer& writer, double value) { writer.number(value); }
  static bool empty(double value) { return value == 0; }
};

template <>
struct Codec<std::string> : Scalar {
  static Result<void> decode(const json::Node& node, const Path& path, std::string& value);
  static void encode(json::Writer& writer, const std::string& value) { writer.string(value); }
  static bool empty(const std::string& value) { return value.empty(); }
};

template <std::integral T>
struct Codec<T> : Scalar {
  static Result<void> decode(const json::Node& node, const Path& path, T& value) {
    const auto number = node.type == json::Type::kNumber ? text::number<T>(node.text) : std::nullopt;
    if (!number) {
      return bad_integer(node, path, text::cat(std::numeric_limits<T>::min()),
                         text::cat(std::numeric_limits<T>::max()));
    }
    value = *number;
    return {};
  }
  static void encode(json::Writer& writer, T value) { writer.number(value); }
  static bool empty(T value) { return value == 0; }
};

template <typename T>
requires std::is_enum_v<T>
struct Codec<T> : Scalar {
  static Result<void> decode(const json::Node& node, const Path& path, T& value) {
    value = static_cast<T>(TRY(decode_name(node, path, enum_names(T{}))));
    return {};
  }
  static void encode(json::Writer& writer, T value) {
    writer.string(enum_names(T{})[static_cast<size_t>(value)]);
  }
  static bool empty(T) { return false; }
};

template <typename T>
struct Codec<std::optional<T>> {
  static constexpr Shape kShape = Codec<T>::kShape;
  using Rows = typename Codec<T>::Rows;
  static Result<void> decode(const json::Node& node, const Path& path, std::optional<T>& value) {
    return Codec<T>::decode(node, path, value.emplace());
  }
  static void encode(json::Writer& writer, const std::optional<T>& value) {
    if (value) {
      Codec<T>::encode(writer, *value);
    } else {
      writer.null();
    }
  }
  static bool empty(const std::optional<T>& value) { return !value; }
};

template <typename T>
struct Codec<std::vector<T>> {
  static constexpr Shape kShape = Shape::kArray;
  using Rows = typename Codec<T>::Rows;
  static Result<void> decode(const json::Node& node, const Path& path, std::vector<T>& value) {
    if (node.type != json::Type::kArray) return wrong_type(node, path, "an array");
    value.clear();
    value.reserve(node.count());
    for (const json::Node& element : node.children()) {
      const size_t at = value.size();
      TRY(Codec<T>::decode(element, path.element(at), value.emplace_back()));
    }
    return {};
  }
  static void encode(json::Writer& writer, const std::vector<T>& value) {
    writer.begin_array();
    for (const T& element : value) Codec<T>::encode(writer, element);
    writer.end_array();
  }
  static bool empty(const std::vector<T>& value) { return value.empty(); }
};

template <typename T>
struct Codec<std::map<std::string, T>> {
  static constexpr Shape kShape = Shape::kMap;
  using Rows = typename Codec<T>::Rows;
  static Result<void> decode(const json::Node& node, const Path& path, std::map<std::string, T>& value) {
    if (node.type != json::Type::kObject) return wrong_type(node, path, "an object");
    value.clear();
    for (const json::Node& member : node.children()) {
      TRY(Codec<T>::decode(member, path.member(member.key), value[std::string(member.key)]));
    }
    return {};
  }
  static void encode(json::Writer& writer, const std::map<std::string, T>& value) {
    writer.begin_object();
    for (const auto& [name, element] : value) {
      writer.key(name);
      Codec<T>::encode(writer, element);
    }
    writer.end_object();
  }
  static bool empty(const std::map<std::string, T>& value) { return value.empty(); }
};

template <typename T>
Result<T> decode(const json::Document& document) {
  T value{};
  TRY(Codec<T>::decode(document.root(), Path(), value));
  return value;
}

template <typename T>
Result<T> decode(std::string_view text, const json::Limits& limits = {}) {
  const json::Document document = TRY(json::Document::parse(text, limits));
  return decode<T>(document);
}

template <typename T>
std::string encode(const T& value, bool pretty = false) {
  std::string text;
  json::Writer writer(text, pretty);
  Codec<T>::encode(writer, value);
  if (pretty) text += '\n';
  return text;
}

}  // namespace estiva::codec
