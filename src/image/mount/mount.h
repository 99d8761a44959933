// SPDX-License-Identifier: Apache-2.0
// Mounts of images: the index from its file (EROFS, Linux 6.12), overlays, and which of the two ways to keep files this
// machine can go. All names that mount(2) sees are short: it takes a page of options, fsconfig(2) 255 bytes a value.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "estiva/base/error.h"

namespace estiva::image {

// How the files of an image become a directory (docs/storage.md).
enum class Tier : uint8_t {
  kIndex,     // tier 1: an index over the tars, mounted from its file
  kUnpacked,  // tier 4: a directory for each layer
};

// The better of the ways that work here, found by a real mount and remembered in `run_root` until the next boot. `work`
// is made and removed again: it lies where images do, since the kernel mounts no index from a tmpfs.
Result<Tier> probe_tier(const std::string& work, const std::string& run_root);

// Read-only, at the directory `target`.
Result<void> mount_index(const std::string& index, std::span<const std::string> devices,
                         const std::string& target);

struct Overlay {
  std::vector<std::string> lower;  // topmost first
  std::string upper, work;         // empty: read-only
};
Result<void> mount_overlay(const Overlay& overlay, const std::string& target);

// Nothing where nothing is mounted. Whoever still uses it keeps it until then.
Result<void> unmount(const std::string& target);
// The directory is the root of a mount of this type (statfs(2)).
bool is_mounted(const std::string& target, long type);
inline constexpr long kErofsType = 0xe0f5e1e2, kOverlayType = 0x794c7630;

}  // namespace estiva::image
