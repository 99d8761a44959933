// SPDX-License-Identifier: Apache-2.0
// What a layer would hold, before it exists: its size, where that comes from, and what is rarely wanted in an image:
// package managers' caches, keys and passwords, files of volumes. Reads only.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "estiva/base/error.h"
#include "image/changes/compare.h"
#include "image/changes/layer.h"
#include "image/documents.h"

namespace estiva::image {

struct Preview {
  uint64_t layer_size = 0;  // bytes of its tar; 0: there would be no layer
  uint64_t added = 0, changed = 0, deleted = 0;
  struct Part {
    std::string path;
    uint64_t size = 0;  // bytes of files
  };
  std::vector<Part> largest;  // files, the largest first
  std::vector<Part> caches;   // directories that are known to be caches
  std::vector<Part> volumes;  // below the image's volumes; a container has other files there
  struct Secret {
    std::string path;
    std::string reason;  // "a private key"
  };
  std::vector<Secret> secrets;
  std::vector<std::string> warnings;
};
Result<Preview> preview(const Comparison& comparison, const ContainerConfig& config,
                        const LayerOptions& options);

// The cache that a path is in: "/var/lib/apt/lists"; empty for none.
std::string cache_of(const std::string& path);

}  // namespace estiva::image
