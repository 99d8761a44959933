// SPDX-License-Identifier: Apache-2.0
// RootDir: every access below a directory whose content is hostile (a container's root file system).
// A path is resolved as if the directory were "/": absolute names, ".." and symbolic links never leave it.
// openat2(2) with RESOLVE_IN_ROOT; before Linux 5.6 a walk over O_PATH descriptors, one component at a time.
// CVE-2021-30465, CVE-2024-45310, CVE-2026-41579.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "estiva/base/error.h"
#include "estiva/base/fd.h"

namespace estiva {

class RootDir {
 public:
  explicit RootDir(Fd root) : root_(std::move(root)) {}
  static Result<RootDir> open(const std::string& host_path);

  FdView fd() const { return root_; }

  enum class Links { kFollow, kFollowParents, kRefuse };
  // `flags` as for open(2). kFollowParents: a symbolic link as the last component is not followed (O_NOFOLLOW).
  // kRefuse: any symbolic link on the way is an error (ELOOP).
  Result<Fd> open_at(std::string_view path, int flags, Links links = Links::kFollow) const;

  // The directory, made with its parents where missing (`mode`, subject to the umask).
  Result<Fd> make_directories(std::string_view path, mode_t mode, Links links = Links::kFollow) const;
  // The same, without first looking whether it is there.
  Result<Fd> make_missing_directories(std::string_view path, mode_t mode, Links links = Links::kFollow) const;
  // The regular file as O_PATH descriptor, made empty with its parents where missing.
  Result<Fd> make_file(std::string_view path, mode_t mode) const;

  struct Parent {
    Fd dir;
    std::string name;  // a single component, never "." or ".."
  };
  // Directory and last component of `path`, for mknodat, symlinkat, unlinkat; the directory is made where missing.
  Result<Parent> open_parent(std::string_view path) const;

 private:
  Fd root_;
};

}  // namespace estiva
