// SPDX-License-Identifier: Apache-2.0
// The store's small JSON records (docs/storage.md), each in a file of its own that is replaced whole.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "estiva/base/codec.h"
#include "image/digest.h"
#include "image/documents.h"

namespace estiva::image {

// layers/<diffID>/record.json
struct LayerRecord {
  Digest diff_id;
  uint64_t size = 0;         // bytes of the tar
  uint64_t sparse_size = 0;  // bytes of the file `sparse`; 0: there is none
  uint64_t entries = 0;
  std::vector<Descriptor> blobs;  // the compressed forms that it came as
  bool synced = false;            // known to be on disk; until then it is read again before it is used
};

// images/<manifest>.json
struct ImageRecord {
  Descriptor manifest;
  Digest config;  // the image's ID
  std::vector<Digest> diff_ids;
  std::vector<Digest> blobs;  // what else belongs to it: the index that it was chosen from
  uint64_t size = 0;          // bytes of its tars
  std::string created;        // RFC 3339
  int64_t added = 0;          // seconds since the epoch
};

// names/<hash of the name>.json
struct NameRecord {
  std::string name;  // docker.io/library/debian:12
  Digest image;      // manifest
  Digest target;     // what the name meant where it came from: a manifest or an index
  int64_t updated = 0;
};

// indexes/<chainID>/record.json
struct IndexRecord {
  std::vector<std::string> devices;  // paths below the store
  std::string boot;                  // it was written in this boot
  bool synced = false;               // known to be on disk: good for other boots too
};

// bundles/<hash of the path>.json: what a bundle outside of the store needs of it
struct BundleRecord {
  std::string path;
  Digest image;  // empty: made from a file in place
  std::vector<Digest> diff_ids;
};

// "sha256:abc" as a file's name: "sha256-abc".
std::string object_name(const Digest& digest);
Result<Digest> digest_of_object(std::string_view name);

// chainID of all layers up to the last (image-spec, config.md); empty for none.
Digest chain_id(std::span<const Digest> diff_ids);

// The text of a manifest for an image that has none yet: over the tars themselves.
std::string make_manifest(const std::string& config, const std::vector<LayerRecord>& layers);

}  // namespace estiva::image

namespace estiva::codec {
template <>
std::span<const Row> rows<image::LayerRecord>();
template <>
std::span<const Row> rows<image::ImageRecord>();
template <>
std::span<const Row> rows<image::NameRecord>();
template <>
std::span<const Row> rows<image::IndexRecord>();
template <>
std::span<const Row> rows<image::BundleRecord>();
}  // namespace estiva::codec
