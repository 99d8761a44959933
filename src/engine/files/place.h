// SPDX-License-Identifier: Apache-2.0
// Where a path of a copy leads to, on one of its sides: below a container's root, which is hostile, or the host's.
// No link leads out of the root, and what is found is held by descriptors, so that nobody can exchange it afterwards.
#pragma once

#include <sys/stat.h>

#include <optional>
#include <string>

#include "estiva/base/error.h"
#include "estiva/base/root_dir.h"

namespace estiva::engine {

struct Place {
  Fd dir;                           // O_PATH
  std::string name;                 // in it; "." if the path is that of the root, or ends with ".."
  std::optional<struct stat> info;  // nothing has that name

  bool is_directory() const { return info && S_ISDIR(info->st_mode); }
  bool is_file() const { return info && S_ISREG(info->st_mode); }
};

// `kFollow`: of a link, what it leads to, there or not. `kFollowParents`: the link itself. A missing directory on the
// way is ENOENT.
Result<Place> find_place(const RootDir& root, std::string path, RootDir::Links links);

// As docker reads a path: absolute, without "." and "..", which are resolved as text.
std::string cleaned_path(const std::string& path);
std::string last_name(const std::string& cleaned);  // empty: of the root

}  // namespace estiva::engine
