// SPDX-License-Identifier: Apache-2.0
// Whole files and directories, for paths that the runtime owns or that the host's administrator gave.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "estiva/base/error.h"
#include "estiva/base/fd.h"
#include "estiva/base/sys.h"

namespace estiva::files {

// The file's content; larger than `limit` bytes is an error, so is anything but a regular file, unless `any_type`.
Result<std::string> read_all(FdView dir, sys::Path path, size_t limit);
// The same of an open file.
Result<std::string> read_file(FdView file, const struct stat& info, size_t limit);
// Content from a descriptor up to its end.
Result<std::string> read_fd(FdView fd, size_t limit);
// One write(2) to an existing file of the kernel (cgroupfs, procfs), opened without creating or truncating.
Result<void> write_kernel(FdView dir, sys::Path path, std::string_view value);
// Replaces the file whole: a temporary name in the same directory, then rename (readers see old or new).
Result<void> replace(FdView dir, const std::string& name, std::string_view content, mode_t mode);
// What is in the directory without "." and "..".
struct Entry {
  std::string name;
  unsigned char type;  // DT_*, or DT_UNKNOWN (readdir(3))
};
Result<std::vector<Entry>> list_entries(FdView dir);
Result<std::vector<std::string>> list(FdView dir);
// Directory with its parents on a trusted path.
Result<void> make_directories(const std::string& path, mode_t mode);
// The directory and everything below it, by descriptors, never following a link. Missing: nothing to do.
Result<void> remove_tree(FdView dir, const std::string& name);
// Absolute and without "." components; ".." and links are left to the kernel.
Result<std::string> absolute(const std::string& path);

}  // namespace estiva::files
