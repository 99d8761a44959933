// SPDX-License-Identifier: Apache-2.0
// What nobody refers to any more: found by reading all records under the store's lock, moved aside at once, removed
// when the lock is free again. No counters that a crash could leave wrong.
#pragma once

#include <cstdint>

#include "image/store/store.h"

namespace estiva::image {

struct Collected {
  std::vector<Digest> layers;
  uint64_t files = 0;  // other objects: blobs, indexes, unpacked directories, left-overs
  uint64_t bytes = 0;  // that the disk gets back
};

struct CollectOptions {
  bool dry = false;        // only tell
  bool downloads = false;  // also what is left of interrupted ones, which the next pull would continue
};
// Objects that no image, bundle or running command refers to.
Result<Collected> collect(const Store& store, const CollectOptions& options);

// A name in ingest/ for what this process is making; it goes when the process has gone.
std::string work_name(std::string_view purpose);

// Under the lock, or for an object that is nobody's.
Result<void> move_to_trash(const Store& store, const char* place, const std::string& object);
Result<void> empty_trash(const Store& store);

// Bundles that are still there; records of others are removed.
Result<std::vector<BundleRecord>> live_bundles(const Store& store);

// Bytes on disk of everything below.
Result<uint64_t> disk_usage(FdView dir, const std::string& name);

}  // namespace estiva::image
