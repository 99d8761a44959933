// SPDX-License-Identifier: Apache-2.0
// User namespaces that only hold mappings, for id-mapped mounts (mount_setattr(2), Linux 5.12), and what it takes to
// make files there. No process is left in one.
#pragma once

#include <sys/types.h>

#include <string>

#include "estiva/base/error.h"
#include "estiva/base/fd.h"

namespace estiva {

// Its mappings, in the form of /proc/PID/uid_map and gid_map.
Result<Fd> make_user_namespace(const std::string& uid_map, const std::string& gid_map);

// Files that this thread makes belong to these ids, with all capabilities as before: where an id-mapped mount has no
// place for our own, nothing can be made (EOVERFLOW). Until it goes out of scope.
class FileIds {
 public:
  static Result<FileIds> take(uid_t uid, gid_t gid);
  FileIds(FileIds&& other) noexcept : bits_(other.bits_), taken_(other.taken_) { other.taken_ = false; }
  FileIds& operator=(FileIds&&) = delete;
  ~FileIds();

 private:
  explicit FileIds(unsigned long bits) : bits_(bits), taken_(true) {}

  unsigned long bits_;  // securebits as they were
  bool taken_;
};

}  // namespace estiva
