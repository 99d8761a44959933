// SPDX-License-Identifier: Apache-2.0
// What people read: tables, sizes, times. Scripts ask for JSON instead.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "estiva/base/error.h"

namespace estiva::engine {

// Cells of at least 20 columns with at least 3 blanks between them, counted in characters; no blanks at a line's end.
class Table {
 public:
  explicit Table(std::vector<std::string> header) { add(std::move(header)); }
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

// Columns that the text takes on a terminal: wide characters take two.
size_t display_width(std::string_view utf8);

// "131.4 MB": decimal, four digits.
std::string human_size(uint64_t bytes);
// "131MB", where scripts know docker's form.
std::string docker_size(uint64_t bytes);

// "15 minutes", "About an hour", "8 weeks", as docker says it.
std::string human_duration(int64_t seconds);

// Seconds since the epoch of an RFC 3339 time; 0 for what is none.
int64_t seconds_of(const std::string& rfc3339);
// As people give a time: seconds since the epoch, RFC 3339, or before now: 90s, 10m, 1h30m.
Result<int64_t> time_of(const std::string& text);
// "15 minutes ago"; "N/A" for 0.
std::string ago(int64_t seconds_since_epoch);

}  // namespace estiva::engine
