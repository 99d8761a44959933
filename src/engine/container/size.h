// SPDX-License-Identifier: Apache-2.0
// What the files of a container take, as docker counts: bytes of the files that it wrote, not blocks of the disk.
#pragma once

#include <string>

#include "engine/container/containers.h"
#include "image/store/store.h"

namespace estiva::engine {

struct ContainerSize {
  uint64_t written = 0;     // second names of a file count once
  uint64_t with_image = 0;  // 0: it is made from a directory, of which nobody knows
};
// It may run: what goes away meanwhile does not count.
Result<ContainerSize> size_of(const Containers& containers, const image::Store& store, const std::string& id);

// Bytes on disk of all that it wrote, snapshots too: what its removal gives back.
uint64_t disk_space_of(const Containers& containers, const std::string& id);

}  // namespace estiva::engine
