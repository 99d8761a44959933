// SPDX-License-Identifier: Apache-2.0
// What a bundle's container changed: the bundle's files beside those of the image that it was made of. Reads only, but
// for a lower directory that was not mounted since the boot.
#pragma once

#include <memory>
#include <string>

#include "estiva/base/error.h"
#include "image/bundle/bundle.h"
#include "image/changes/compare.h"
#include "image/documents.h"

namespace estiva::image {

struct BundleChanges {
  std::string directory;  // absolute
  BundleState state;
  Comparison comparison;
  std::unique_ptr<View> base;  // of an unpacked bundle; the comparison refers to it
};
Result<BundleChanges> open_bundle(const Store& store, const std::string& directory);
// Since a snapshot.
Result<BundleChanges> open_bundle_since(const Store& store, const std::string& directory,
                                        const std::string& name);

// All files of a bundle, as its container sees them, mounted or not.
Result<Side> bundle_side(const Store& store, const std::string& directory, const BundleState& state);

}  // namespace estiva::image
