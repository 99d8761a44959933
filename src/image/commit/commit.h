// SPDX-License-Identifier: Apache-2.0
// Commit: what a container changed becomes a layer, and with the layers below it a new image. A container is whatever
// has two sides to compare; of a bundle, commit_parents() says what lies below.
#pragma once

#include <string>
#include <vector>

#include "estiva/base/error.h"
#include "image/bundle/changes.h"
#include "image/changes/layer.h"
#include "image/store/session.h"

namespace estiva::image {

// What the new image stands on.
struct CommitBase {
  ImageConfig config;
  std::vector<LayerRecord> layers;  // held by the session
  std::string command;              // of the container
};
// A bundle's image. Layers that were used in place come into the store; a directory becomes a layer.
Result<CommitBase> commit_base(Session& session, const BundleChanges& bundle);

struct CommitOptions {
  std::string author, comment;
  std::vector<std::string> changes;  // instructions.h
  std::vector<std::string> names;    // full references
};

struct Committed {
  ImageRecord image;
  bool is_empty = false;  // nothing was changed: there is no new layer
  std::vector<std::string> warnings;
};
Result<Committed> commit(Session& session, CommitBase base, const Comparison& comparison,
                         const CommitOptions& options);

}  // namespace estiva::image
