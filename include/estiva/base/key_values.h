// SPDX-License-Identifier: Apache-2.0
// Small files of lines key=value, for a program that reads no JSON: one row a key, beside the member that it sets.
// Reading and writing derive from the same rows. A value is the rest of its line, whatever it holds; a key that may be
// given several times fills a list.
#pragma once

#include <concepts>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "estiva/base/error.h"
#include "estiva/base/text.h"

namespace estiva {

struct Key {
  const char* name;
  bool repeats;
  Result<void> (*set)(void* target, std::string_view value);
  // Appends the lines of this key; none for an empty text or list.
  void (*put)(const void* source, const char* name, std::string& out);
};

namespace key_values {

// What a reader makes of a key that it does not know: of a file from a newer program it takes what it can.
enum class Unknown : bool { kRefuse, kIgnore };

Result<void> parse(std::span<const Key> table, void* target, std::string_view text, Unknown unknown);
// A value with a line break or a NUL is an error, which names the key.
Result<std::string> write(std::span<const Key> table, const void* source);

inline Result<void> assign(std::string& member, std::string_view value) {
  member = value;
  return {};
}
inline Result<void> assign(std::vector<std::string>& member, std::string_view value) {
  member.emplace_back(value);
  return {};
}
inline Result<void> assign(bool& member, std::string_view value) {
  if (value != "yes" && value != "no") return Error(Code::kInvalid, "takes yes or no");
  member = value == "yes";
  return {};
}
template <std::integral T>
Result<void> assign(T& member, std::string_view value) {
  const auto parsed = text::number<T>(value);
  if (!parsed) return Error(Code::kInvalid, text::cat("takes a number, not ", text::quote(value)));
  member = *parsed;
  return {};
}
// An enum's names are found by argument-dependent lookup: std::span<const std::string_view> key_names(E).
template <typename E>
requires std::is_enum_v<E> Result<void> assign(E& member, std::string_view value) {
  const std::span<const std::string_view> names = key_names(E{});
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i] != value) continue;
    member = static_cast<E>(i);
    return {};
  }
  return Error(Code::kInvalid, text::cat("does not take ", text::quote(value)));
}

// A value that can't be written down leaves a NUL, which write() finds.
void line(std::string& out, const char* name, std::string_view value);
inline void put(std::string& out, const char* name, const std::string& value) {
  if (!value.empty()) line(out, name, value);
}
inline void put(std::string& out, const char* name, const std::vector<std::string>& values) {
  for (const std::string& value : values) line(out, name, value);
}
inline void put(std::string& out, const char* name, bool value) { line(out, name, value ? "yes" : "no"); }
template <std::integral T>
void put(std::string& out, const char* name, T value) {
  line(out, name, text::cat(value));
}
template <typename E>
requires std::is_enum_v<E>
void put(std::string& out, const char* name, E value) {
  line(out, name, key_names(E{})[static_cast<size_t>(value)]);
}

template <typename Target, typename Member>
Target target_of(Member Target::*);
template <typename Target, typename Member>
Member member_of(Member Target::*);

// The row of the key that sets `member`.
template <auto member>
constexpr Key row(const char* name) {
  using Target = decltype(target_of(member));
  return {name, std::same_as<decltype(member_of(member)), std::vector<std::string>>,
          [](void* target, std::string_view value) {
            return assign(static_cast<Target*>(target)->*member, value);
          },
          [](const void* source, const char* key, std::string& out) {
            put(out, key, static_cast<const Target*>(source)->*member);
          }};
}

}  // namespace key_values
}  // namespace estiva
