// SPDX-License-Identifier: Apache-2.0
// What one side has and the other has not: files added, changed, deleted, as a container's user would see it. What a
// runtime or cais put there to begin with, mount points and the working directory, does not count until something is in it.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>

#include "estiva/base/error.h"
#include "image/changes/side.h"

namespace estiva::image {

enum class ChangeKind : char { kAdded = 'A', kChanged = 'C', kDeleted = 'D' };

struct Change {
  ChangeKind kind;
  std::string path;  // "/etc/passwd"; "/" if the attributes of the root changed
  // For as long as the visit lasts. Null where it is not there.
  const Found* before = nullptr;
  const Found* after = nullptr;
  // It is reported for what is in it; its own attributes are the same.
  bool only_content = false;
};

struct Comparison {
  Side before, after;
  // `after` has only what an overlay wrote; the rest shows through from `before`.
  bool is_upper = false;
  // Absolute and without links: where a runtime mounted something. Empty files and directories there are not reported.
  std::set<std::string> mount_points;
  // Files that nobody touched since are taken for equal when their attributes are (ctime: no program can set it back).
  std::optional<struct timespec> untouched_before;
  // No visit asks for more than path and type of a new file, so that those of most can be told from the directory.
  bool names_only = false;
  // Changes that do not count, with all below them. The change is as a visit sees it.
  std::function<bool(const Change& change)> skip;
};

// Parents come before what is in them; in a directory, first what is gone, then the rest by name.
using Visit = std::function<Result<void>(const Change& change)>;
Result<void> compare(const Comparison& comparison, const Visit& visit);

inline constexpr size_t kMaxPath = 4095;  // bytes: what a layer may have, and the kernel takes
// Whoever walks down holds a directory on each level of a deep tree.
void allow_descriptors();

// The same second, and the same fraction where both have one: layers often keep whole seconds only.
bool is_same_time(const Attributes& a, const Attributes& b);
// Both are `size` bytes long and equal.
Result<bool> is_same_content(const Content& a, const Content& b);

}  // namespace estiva::image
