// SPDX-License-Identifier: Apache-2.0
// Unpacking: the tree as files in a directory. Either all of it (a root file system by itself), or what its last layer
// changes, as a directory that overlayfs puts on top of those below (tier 4). Needs privilege for owners and devices.
#pragma once

#include <span>

#include "estiva/base/error.h"
#include "estiva/base/fd.h"
#include "image/layers/erofs.h"
#include "image/layers/tree.h"

namespace estiva::image {

// `root` is empty and ours; `layers` say where the tree's data is.
Result<void> unpack_all(const Tree& tree, std::span<const LayerData> layers, FdView root);
Result<void> unpack_changes(const Tree& tree, const Tree::Changes& changes, std::span<const LayerData> layers,
                            FdView root);

}  // namespace estiva::image
