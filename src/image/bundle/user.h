// SPDX-License-Identifier: Apache-2.0
// Who an image's program runs as: "user", "uid", each with ":group" or ":gid", by the image's own /etc/passwd and
// /etc/group, which are hostile: reached below the image's root only, never longer than a limit, never by NSS.
#pragma once

#include <string>

#include "estiva/base/error.h"
#include "estiva/base/root_dir.h"
#include "estiva/spec/spec.h"

namespace estiva::image {

struct FoundUser {
  spec::User user;   // with its supplementary groups, the primary one first among them
  std::string home;  // empty: the image does not say
};
// An empty text is root. The error names what is not there.
Result<FoundUser> find_user(const RootDir& root, const std::string& text);

}  // namespace estiva::image
