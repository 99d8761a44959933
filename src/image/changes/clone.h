// SPDX-License-Identifier: Apache-2.0
// A tree of files once more, exactly: every kind of file and attribute, second names, holes, overlayfs' own marks. Bytes are
// shared where the file system can do that. What is copied is a stranger's, and no link of it is followed; where it goes to
// is ours alone.
#pragma once

#include <string>

#include "estiva/base/error.h"
#include "estiva/base/fd.h"

namespace estiva::image {

// What is in the directory `from`, and its own attributes; `to` is an empty one. Nobody writes to either meanwhile.
Result<void> clone_tree(const std::string& from, const std::string& to);

// Owner, permissions, times and extended attributes of one directory for another, but for what only says how overlayfs or
// the host's policy see it.
Result<void> copy_root_attributes(const std::string& from, const std::string& to);

// Directories that differ in none of that but their times.
Result<bool> have_same_root_attributes(const std::string& one, const std::string& other);

// The first `size` bytes; holes stay holes. ENODATA: the file has become shorter.
Result<void> copy_content(FdView from, FdView to, uint64_t size);

}  // namespace estiva::image
