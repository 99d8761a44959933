// SPDX-License-Identifier: Apache-2.0
// A layer on its way in: compressed bytes as they arrive; hashed, decompressed, hashed again, written and read as a
// tar, in one pass and on two threads. What is made lies in one directory: `tar`, `entries`, and `sparse` where the
// layer has sparse files (their data at full size, holes left out, so that a flat index can point at it).
#pragma once

#include <memory>
#include <string_view>

#include "estiva/base/error.h"
#include "estiva/base/fd.h"
#include "image/digest.h"
#include "image/stream/decode.h"

namespace estiva::image {

struct LayerFacts {
  Digest blob;     // of the bytes as they came; empty if they were said to be plain
  Digest diff_id;  // of the tar
  uint64_t blob_size = 0;
  uint64_t tar_size = 0;
  uint64_t sparse_size = 0;  // of the file `sparse`; 0: there is none
  uint64_t entries = 0;
  Compression compression = Compression::kNone;
};

struct IngestOptions {
  bool keep_tar = true;  // else only read: the tar is somewhere already
  bool plain =
      false;  // what comes is the tar itself, made here: it has no other form, whose digest one could ask for
  uint64_t limit = 0;  // bytes of tar that there is room for
  Algorithm blob_algorithm = Algorithm::kSha256;
  Algorithm diff_algorithm = Algorithm::kSha256;
};

class LayerIngest {
 public:
  // `dir` is the layer's own and empty, and outlives the ingest.
  static Result<LayerIngest> begin(FdView dir, const IngestOptions& options);
  LayerIngest(LayerIngest&&) noexcept;
  LayerIngest& operator=(LayerIngest&&) noexcept;
  ~LayerIngest();

  Result<void> write(std::string_view piece);
  Result<LayerFacts> finish();

 private:
  struct State;
  explicit LayerIngest(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace estiva::image
