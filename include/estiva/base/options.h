// SPDX-License-Identifier: Apache-2.0
// Command lines from tables: one row an option, beside the member that it sets. Parsing, help and completion
// all read the same rows.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "estiva/base/error.h"
#include "estiva/base/text.h"

namespace estiva {

struct Option {
  char letter;       // 0: none
  const char* name;  // without the dashes
  const char*
      argument;  // what the value is, in capitals, or all it may be: text|json; nullptr: the option takes none
  const char* help;
  Result<void> (*set)(void* target, std::string_view value);
  const char* heading = nullptr;  // in --help, above this option and those after it
};

namespace options {

inline Result<void> assign(bool& member, std::string_view value) {
  if (!value.empty() && value != "true" && value != "false")
    return Error(Code::kInvalid, "takes true or false");
  member = value != "false";
  return {};
}
inline Result<void> assign(std::string& member, std::string_view value) {
  member = value;
  return {};
}
// Each time the option is given adds one.
inline Result<void> assign(std::vector<std::string>& member, std::string_view value) {
  member.emplace_back(value);
  return {};
}
template <std::integral T>
Result<void> assign(T& member, std::string_view value) {
  const auto parsed = text::number<T>(value);
  if (!parsed) return Error(Code::kInvalid, text::cat("takes a number, not ", text::quote(value)));
  member = *parsed;
  return {};
}

template <typename T>
Result<void> assign(std::optional<T>& member, std::string_view value) {
  return assign(member.emplace(), value);
}
template <std::integral T>
Result<void> assign(std::vector<T>& member, std::string_view value) {
  return assign(member.emplace_back(), value);
}

template <typename Target, typename Member>
Target target_of(Member Target::*);

// The row of the option that sets `member`.
template <auto member>
constexpr Option row(char letter, const char* name, const char* argument, const char* help) {
  return {letter, name, argument, help, [](void* target, std::string_view value) {
            return assign(static_cast<decltype(target_of(member))*>(target)->*member, value);
          }};
}

constexpr Option under(const char* heading, Option option) {
  option.heading = heading;
  return option;
}

// An option as typed: --name, --name=value, -name (as Go programs allow), -n, -nvalue.
struct Word {
  std::string_view name;           // with its dashes
  const Option* option = nullptr;  // nullptr: not in the table
  std::string_view value;
  bool has_value = false;
  bool wants_value() const { return option != nullptr && option->argument != nullptr && !has_value; }
};
Word read_word(std::span<const Option> table, std::string_view typed);
// The words for an option that is in no table.
std::string unknown(std::string_view word);

// All that may stand for "text|json"; nothing for what is not such a list.
std::vector<std::string> choices(std::string_view argument);

// Sets the members of `target`, if there is one, from the options at the front of `arguments` and returns what follows them.
// Options may stand after operands, up to "--", if `mixed`. Errors name the option and the nearest known one.
Result<std::vector<std::string>> parse(std::span<const Option> table, void* target,
                                       std::span<const std::string> arguments, bool mixed);

// One line an option, for --help; those before the first heading are under "Options".
std::string describe(std::span<const Option> table);

}  // namespace options
}  // namespace estiva
