// SPDX-License-Identifier: Apache-2.0
// The members of an archive that holds an image: where each lies in the file, found in one pass that reads headers only.
#pragma once

#include <map>
#include <string>

#include "estiva/base/error.h"
#include "estiva/base/fd.h"

namespace estiva::image {

struct Member {
  uint64_t offset = 0, size = 0;
};

class Members {
 public:
  // An error if it is no tar.
  static Result<Members> scan(FdView archive);
  // Links between members are followed, as archives of docker before 25 have them; null: it is not there.
  const Member* find(const std::string& path) const;
  bool empty() const { return members_.empty() && links_.empty(); }

 private:
  std::map<std::string, Member> members_;
  std::map<std::string, std::string> links_;
};

Result<std::string> read_member(FdView archive, const Member& member, size_t limit);

}  // namespace estiva::image
