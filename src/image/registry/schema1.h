// SPDX-License-Identifier: Apache-2.0
// Docker's manifests of 2013 to 2016 (schema 1): what they say, and the manifest and configuration of today that mean
// the same. Old tags exist in no other form. Pure. The signature in them is by a key that stands beside it and proves
// nothing; what is checked is the digest of what was signed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "image/documents.h"

namespace estiva::image {

// Without the signatures (RFC 7515 in Docker's "pretty" form): what the digest is over. The text itself if unsigned.
Result<std::string> schema1_payload(std::string_view text);

struct Schema1 {
  // Oldest first, one for each entry of the history that is no empty layer.
  std::vector<Digest> layers;
  // Oldest first: the JSON of each entry, and whether it has a layer.
  struct Entry {
    std::string json;
    bool empty_layer = false;
  };
  std::vector<Entry> history;
  std::string architecture;
};
Result<Schema1> read_schema1(std::string_view payload);

// The configuration; `diff_ids` as `layers`.
Result<std::string> schema1_config(const Schema1& old, const std::vector<Digest>& diff_ids);
// Docker's manifest of schema 2, for this configuration and these layers.
std::string schema1_manifest(std::string_view config, const std::vector<Descriptor>& layers);

}  // namespace estiva::image
