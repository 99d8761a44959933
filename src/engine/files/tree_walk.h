// SPDX-License-Identifier: Apache-2.0
// A tree of files as entries of a tar, read where strangers may change it meanwhile: each file is taken hold of without
// following a link or opening a device, looked at, and read by what is held.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "estiva/base/error.h"
#include "estiva/base/fd.h"
#include "image/tar/entry.h"

namespace estiva::engine {

struct WalkOptions {
  // `file`: of a regular file, open for reading.
  std::function<Result<void>(image::tar::Entry& entry, FdView file)> visit;
  std::function<void(const std::string& text)> warn;
  // The directory is one that the copy made itself.
  std::function<bool(dev_t device, ino_t inode)> is_own;
};

class TreeWalk {
 public:
  explicit TreeWalk(WalkOptions options) : options_(std::move(options)) {}

  // What has the name in the directory, and all below it; the entries' paths begin with `as`. Sockets are left out, and
  // what is below file systems of the kernel, as /proc. A second name of a file is a hard link.
  Result<void> run(FdView dir, const std::string& name, const std::string& as);

 private:
  Result<void> visit(FdView dir, const std::string& name, const std::string& path, dev_t above);
  Result<void> visit_file(FdView node, image::tar::Entry& entry);
  Result<void> visit_directory(FdView node, image::tar::Entry& entry, const struct stat& info, dev_t above);

  WalkOptions options_;
  std::map<std::pair<dev_t, ino_t>, std::string> first_;  // names of files that have several
};

// procfs, sysfs and the like.
Result<bool> is_of_kernel(FdView file);

}  // namespace estiva::engine
