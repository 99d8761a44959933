// SPDX-License-Identifier: Apache-2.0
// What a cgroup2 directory has to offer to those below it: its controllers, and to whom it belongs.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "estiva/base/error.h"
#include "estiva/base/fd.h"

namespace estiva::cgroup {

// Makes the directory and what may be done with it `owner`'s, not its limits.
Result<void> give_to(uid_t owner, FdView cgroup_dir);

// All of these ("+cpu") at once, or, where that is refused, those that can be; a limit that then has no file is apply's
// error.
void enable_below(const std::string& directory, const std::vector<std::string>& controllers);

// The directories from the first below `top` down to the last of `path` ("/a/b").
std::vector<std::string> way_down(const std::string& top, std::string_view path);

}  // namespace estiva::cgroup
