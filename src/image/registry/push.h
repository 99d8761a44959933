// SPDX-License-Identifier: Apache-2.0
// Push: an image of the store to a registry. The store keeps layers as plain tars; a layer goes in the form that the
// registry has already, by its known digests, else it is compressed anew, and the manifest says so. The image's ID stays.
#pragma once

#include "image/progress.h"
#include "image/registry/client.h"
#include "image/store/session.h"

namespace estiva::image {

enum class LayerForm : uint8_t { kGzip, kZstd, kPlain };

struct PushOptions {
  LayerForm form = LayerForm::kGzip;  // of layers that have to be sent
  int level = 0;                      // of the compression; 0: the usual
};

struct Pushed {
  Digest manifest;
  uint64_t size = 0;  // bytes of the manifest
};

struct PushJob {
  Client& client;
  Session& session;
  const Image& image;
  const Reference& to;  // the name that it gets there
  Watcher& watcher;
};
// The store's name, if the image has it, means what was pushed from then on.
Result<Pushed> push(const PushJob& job, const PushOptions& options);

}  // namespace estiva::image
