// SPDX-License-Identifier: Apache-2.0
// Changes as a layer of the store: a PAX tar that is hashed, written and read back into the list of its entries while it
// is made. The same changes always give the same bytes: order, whole seconds, no names of users, nothing of the machine.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "estiva/base/error.h"
#include "image/changes/compare.h"
#include "image/store/session.h"

namespace estiva::image {

struct LayerOptions {
  std::optional<int64_t> newest;  // times after it become it (SOURCE_DATE_EPOCH)
  Visit visit;                    // sees each change that gets an entry
};

struct MadeLayer {
  std::optional<LayerRecord> record;  // nothing: there is no change
  std::vector<std::string> warnings;  // files that changed while they were read, sockets
};

struct PlannedLayer {
  uint64_t size = 0;  // bytes of the tar; 0: there is no change
  std::vector<std::string> warnings;
};

// What make_layer() would make. Reads no file's content that it need not.
Result<PlannedLayer> plan_layer(const Comparison& comparison, const LayerOptions& options);
// All of it is in the store, or nothing.
Result<MadeLayer> make_layer(Session& session, const Comparison& comparison, const LayerOptions& options);

}  // namespace estiva::image
