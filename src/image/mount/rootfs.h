// SPDX-License-Identifier: Apache-2.0
// The root file system of a container from an image's layers: read-only files below, an overlay with a writable
// directory on top. What is below is made once and shared by all containers with the same layers.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "estiva/base/error.h"
#include "image/mount/mount.h"
#include "image/store/store.h"

namespace estiva::image {

// `forced` ("index", "unpacked", "") or what this machine does best.
Result<Tier> choose_tier(const Store& store, const std::string& forced);
std::string_view name_of(Tier tier);

// The directories for the overlay's lower side, topmost first: mounted or unpacked where that was not done yet.
Result<std::vector<std::string>> provide_lower(const Store& store, std::span<const Digest> diff_ids,
                                               Tier tier);

// Marks what provide_lower made as good for later boots, once it is on disk.
Result<void> sync_lower(const Store& store, std::span<const Digest> diff_ids, Tier tier);

// No container uses these layers any more, as far as the store's records say: the shared mount goes.
Result<void> release_lower(const Store& store, std::span<const Digest> diff_ids);

}  // namespace estiva::image
