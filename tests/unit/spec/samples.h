// SPDX-License-Identifier: Apache-2.0
// Reads the documents of oci-spec/ for the tests; they run in the source directory or find it by SOURCE_DIR.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace samples {

inline std::filesystem::path directory() {
  const char* source = std::getenv("SOURCE_DIR");
  return std::filesystem::path(source == nullptr ? "." : source) / "oci-spec";
}

inline std::string read(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  EXPECT_TRUE(stream.good()) << file << " can't be read";
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

// The files below oci-spec/`folder`, sorted; none is a failure.
inline std::vector<std::filesystem::path> list(const std::string& folder) {
  std::vector<std::filesystem::path> files;
  std::error_code error;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory() / folder, error)) {
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  }
  EXPECT_FALSE(files.empty()) << "no samples in " << directory() / folder;
  std::sort(files.begin(), files.end());
  return files;
}

// The lines of a table, without comments, split at `separator`.
inline std::vector<std::vector<std::string>> table(const std::string& name, char separator) {
  std::vector<std::vector<std::string>> rows;
  std::istringstream text(read(directory() / name));
  for (std::string line; std::getline(text, line);) {
    if (line.empty() || line.front() == '#') continue;
    std::vector<std::string> fields;
    std::istringstream cells(line);
    for (std::string cell; std::getline(cells, cell, separator);) fields.push_back(cell);
    rows.push_back(fields);
  }
  EXPECT_FALSE(rows.empty()) << name << " has no rows";
  return rows;
}

}  // namespace samples
