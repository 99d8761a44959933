// SPDX-License-Identifier: Apache-2.0
// Mounts for a container with a user namespace of its own: files keep the container's ids on disk, and the host's
// side of its mapping sees them as its own (id-mapped mounts, Linux 5.12; below an overlay, Linux 5.19).
#pragma once

#include <sys/types.h>

#include <string>

#include "estiva/base/error.h"
#include "image/mount/mount.h"

namespace estiva::image {

struct MountIds {
  std::string uid_map, gid_map;  // in the form of /proc/PID/uid_map
  uid_t uid = 0;                 // of the host, that stand for the container's root
  gid_t gid = 0;
};

// The overlay on id-mapped layers. `own` is the directory that has the upper and the work directory. Nothing is left
// of it after an error, nor if this process dies before it is done: the layers are mounted in a mount namespace of
// the moment.
Result<void> mount_mapped_overlay(const Overlay& overlay, const std::string& own, const MountIds& ids,
                                  const std::string& target);

// The file or directory `source` with all that is mounted below it, at `target`, which is of the same kind.
Result<void> mount_mapped(const std::string& source, const MountIds& ids, const std::string& target);

}  // namespace estiva::image
