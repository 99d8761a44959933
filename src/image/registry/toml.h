// SPDX-License-Identifier: Apache-2.0
// As much of TOML as containers' registries.conf has: tables, arrays of tables, strings, booleans, numbers, arrays of
// strings. What is beyond that is an error with its line, never something else than it says. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "estiva/base/error.h"

namespace estiva::toml {

enum class Kind { kString, kBool, kNumber, kArray };

struct Entry {
  std::string key;
  Kind kind = Kind::kString;
  std::string text;                // of a string, "true" or "false", a number as it is written
  std::vector<std::string> items;  // of an array: its strings
  unsigned line = 0;
};

struct Table {
  std::string name;      // "registry.mirror"; empty before the first header
  bool element = false;  // [[name]]: one of several
  std::vector<Entry> entries;
  unsigned line = 0;

  const Entry* find(std::string_view key) const;
};

// In the order of the file; the first has no name.
Result<std::vector<Table>> parse(std::string_view text);

}  // namespace estiva::toml
