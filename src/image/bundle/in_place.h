// SPDX-License-Identifier: Apache-2.0
// Images used where they lie: the layers stay in their archive, only an index over them is written (tier 1). Where the
// kernel can't mount that, they are unpacked.
#pragma once

#include <string>

#include "estiva/base/error.h"
#include "image/bundle/bundle.h"
#include "image/formats/source.h"
#include "image/store/view.h"

namespace estiva::image {

// All layers are plain tars at multiples of 512 bytes in a file that stays.
Result<bool> can_stay(const Source& source, const SourceImage& image);

// Makes `work`/index, or `work`/lower, after checking each diffID; sets what the state says of the place.
Result<void> index_in_place(const SourceImage& image, const std::string& work, const BundleOptions& options,
                            BundleState& state);

// The files of such an image, for a bundle that was unpacked.
Result<View> view_in_place(const std::string& work, const BundleState& state);

}  // namespace estiva::image
