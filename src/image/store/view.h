// SPDX-License-Identifier: Apache-2.0
// The files of an image: its layers merged into one tree, and what the kernel can mount of it: the index (tier 1), made
// once for all images and containers with the same layers.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "estiva/base/error.h"
#include "image/layers/erofs.h"
#include "image/layers/tree.h"
#include "image/store/store.h"

namespace estiva::image {

struct View {
  std::vector<std::unique_ptr<EntryFile>> entries;  // of each layer; the tree refers to them
  std::vector<LayerData> data;
  Tree tree;
};

// Layers that are not there, or are damaged, are an error that names them.
Result<std::vector<LayerRecord>> find_layers(const Store& store, std::span<const Digest> diff_ids);
Result<View> open_view(const Store& store, std::span<const Digest> diff_ids);

struct IndexPlace {
  std::string path;
  std::vector<std::string> devices;
};
// Makes it if need be. `diff_ids` is not empty.
Result<IndexPlace> ensure_index(const Store& store, std::span<const Digest> diff_ids);
// Later: the index is good for the next boot too.
Result<void> sync_index(const Store& store, std::span<const Digest> diff_ids);

}  // namespace estiva::image
