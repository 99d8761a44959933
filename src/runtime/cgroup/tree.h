// SPDX-License-Identifier: Apache-2.0
// Walks a subtree of one cgroup hierarchy. The container may have made it as deep and as wide as the kernel lets it
// and may change it meanwhile: two descriptors at a time, no recursion, no path longer than the caller's.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "estiva/base/error.h"
#include "estiva/base/fd.h"
#include "estiva/base/sys.h"

namespace estiva::cgroup {

// The cgroup went away (ENOENT at the look-up, ENODEV from an open file).
bool vanished(const Error& error);

// The content of a file of a few words, in one read.
Result<std::string> read_small(FdView dir, sys::Path file);

// Whether the line "KEY 1" is in the content of a file such as cgroup.events.
bool flag(std::string_view content, std::string_view key);

// Calls `visit` with the cgroup's directory and those below it, parents first. A missing one is no error.
Result<void> visit_tree(const std::string& path, const std::function<Result<void>(FdView)>& visit);

// Removes the cgroup and those below it. False: some process is in it.
Result<bool> remove_tree(const std::string& path);

}  // namespace estiva::cgroup
