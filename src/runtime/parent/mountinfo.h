// SPDX-License-Identifier: Apache-2.0
// The host's table of mounts, /proc/self/mountinfo (proc(5)). It grows with every mount of the host: read only where
// nothing else tells.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "estiva/base/error.h"

namespace estiva::mountinfo {

struct Entry {
  std::string point;  // where it is mounted
  std::string type;
};

// Lines that are none are left out.
std::vector<Entry> parse(std::string_view table);
Result<std::vector<Entry>> read();
// Where something is mounted below `directory`, an absolute path without links; the oldest first.
Result<std::vector<std::string>> below(const std::string& directory);
// The first mount of a file system of this type.
Result<std::optional<std::string>> find_type(std::string_view type);

}  // namespace estiva::mountinfo
