// SPDX-License-Identifier: Apache-2.0
// System calls that only the copy of a tree of files needs.
#pragma once

#include <sys/types.h>
#include <time.h>

#include <string>

#include "estiva/base/error.h"
#include "estiva/base/fd.h"
#include "estiva/base/sys.h"

namespace estiva::sys {

// lseek(2); SEEK_DATA answers ENXIO where only a hole is left.
Result<off_t> lseek(FdView fd, off_t offset, int whence);
Result<void> linkat(FdView from_dir, Path from, FdView to_dir, Path to);
Result<void> utimensat(FdView dir, Path path, const struct timespec (&access_and_change)[2]);
// Extended attributes of what `path` leads to (xattr(7)). The list has a NUL behind each name.
Result<std::string> listxattr(Path path);
Result<std::string> getxattr(Path path, Path name);
Result<void> setxattr(Path path, Path name, const std::string& value);

}  // namespace estiva::sys
