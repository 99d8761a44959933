// SPDX-License-Identifier: Apache-2.0
// The EROFS index of an image: the metadata of its merged tree in the kernel's format, with the data left where it is,
// in the tars of its layers, which become the file system's extra devices. Uncompressed, blocks of 512 bytes (a tar's
// unit), extended inodes, flat extents, attributes inline. The same tree always gives the same bytes.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "estiva/base/error.h"
#include "estiva/base/fd.h"
#include "image/layers/tree.h"

namespace estiva::image {

// Where a layer's data is. A tar may lie inside of another file, at a multiple of 512 bytes.
struct LayerData {
  std::string tar;
  uint64_t tar_offset = 0;
  std::string sparse;  // empty: the layer has no sparse files
};

struct IndexDevice {
  std::string path;
  uint64_t size = 0;  // bytes
  bool operator==(const IndexDevice&) const = default;
};

// Writes the index to `out`, which is empty. Returns the files that mount(2) is to be given as device=, in order.
Result<std::vector<IndexDevice>> write_index(Tree& tree, std::span<const LayerData> layers,
                                             std::string_view uuid_seed, FdView out);

}  // namespace estiva::image
