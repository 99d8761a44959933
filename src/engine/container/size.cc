// SPDX-License-Identifier: Apache-2.0
// Sizes. What is walked is the container's: no link is followed, and its depth is not that of our stack.
#include "engine/container/size.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <set>
#include <utility>
#include <vector>

#include "estiva/base/files.h"
#include "estiva/base/sys.h"
#include "image/bundle/snapshots.h"
#include "image/changes/compare.h"

namespace estiva::engine {

namespace {

struct Level {
  Fd directory;
  Strings names;  // yet to be looked at
};

Result<Level> open_level(FdView parent, const std::string& name) {
  Level out;
  out.directory = TRY(sys::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  out.names = TRY(files::list(out.directory));
  return out;
}

uint64_t bytes_below(const std::string& path) {
  std::set<std::pair<dev_t, ino_t>> seen;  // of those with several names
  std::vector<Level> levels;
  uint64_t bytes = 0;
  Result<Level> top = open_level(FdView::cwd(), path);
  if (top.ok()) levels.push_back(std::move(top).value());
  while (!levels.empty()) {
    Level& level = levels.back();
    if (level.names.empty()) {
      levels.pop_back();
      continue;
    }
    const std::string name = std::move(level.names.back());
    level.names.pop_back();
    const Result<struct stat> info = sys::fstatat(level.directory, name, AT_SYMLINK_NOFOLLOW);
    if (!info.ok()) continue;
    if (S_ISDIR(info.value().st_mode)) {
      Result<Level> next = open_level(level.directory, name);
      if (next.ok()) levels.push_back(std::move(next).value());
    } else if (info.value().st_nlink == 1 || seen.emplace(info.value().st_dev, info.value().st_ino).second) {
      bytes += static_cast<uint64_t>(info.value().st_size);
    }
  }
  return bytes;
}

Result<uint64_t> image_bytes(const image::Store& store, const image::BundleState& state) {
  uint64_t out = 0;
  for (const image::Digest& layer : state.diff_ids) {
    const std::optional<image::LayerRecord> record = TRY(store.find_layer(layer));
    if (record) out += record->size;
  }
  for (const image::PlaceLayer& layer : state.place_layers) out += layer.size;
  return out;
}

}  // namespace

Result<ContainerSize> size_of(const Containers& containers, const image::Store& store,
                              const std::string& id) {
  const std::string bundle = containers.bundle(id);
  const image::BundleState state = TRY(image::read_bundle(bundle));
  image::allow_descriptors();
  ContainerSize out;
  for (const std::string& layer : image::written_layers(bundle, state)) out.written += bytes_below(layer);
  const uint64_t image = TRY(image_bytes(store, state));
  out.with_image = image == 0 ? 0 : image + out.written;
  return out;
}

uint64_t disk_space_of(const Containers& containers, const std::string& id) {
  const std::string bundle = containers.bundle(id);
  const Result<image::BundleState> state = image::read_bundle(bundle);
  if (!state.ok()) return 0;
  const Result<uint64_t> bytes = image::written_bytes(bundle, state.value());
  return bytes.ok() ? bytes.value() : 0;
}

}  // namespace estiva::engine
