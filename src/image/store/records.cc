// SPDX-License-Identifier: Apache-2.0
// The rows of the store's records.
#include "image/store/records.h"

#include "estiva/base/text.h"

namespace estiva::codec {

using namespace image;

template <>
std::span<const Row> rows<LayerRecord>() {
  static constexpr Row kRows[] = {
      row<&LayerRecord::diff_id>("diffId", kRequired),
      row<&LayerRecord::size>("size", kRequired),
      row<&LayerRecord::sparse_size>("sparseSize"),
      row<&LayerRecord::entries>("entries", kKeep),
      row<&LayerRecord::blobs>("blobs"),
      row<&LayerRecord::synced>("synced", kKeep),
  };
  return kRows;
}

template <>
std::span<const Row> rows<ImageRecord>() {
  static constexpr Row kRows[] = {
      row<&ImageRecord::manifest>("manifest", kRequired),
      row<&ImageRecord::config>("config", kRequired),
      row<&ImageRecord::diff_ids>("diffIds", kKeep),
      row<&ImageRecord::blobs>("blobs"),
      row<&ImageRecord::size>("size", kKeep),
      row<&ImageRecord::created>("created"),
      row<&ImageRecord::added>("added"),
  };
  return kRows;
}

template <>
std::span<const Row> rows<NameRecord>() {
  static constexpr Row kRows[] = {
      row<&NameRecord::name>("name", kRequired),
      row<&NameRecord::image>("image", kRequired),
      row<&NameRecord::target>("target", kRequired),
      row<&NameRecord::updated>("updated"),
  };
  return kRows;
}

template <>
std::span<const Row> rows<IndexRecord>() {
  static constexpr Row kRows[] = {
      row<&IndexRecord::devices>("devices", kKeep),
      row<&IndexRecord::boot>("boot", kRequired),
      row<&IndexRecord::synced>("synced", kKeep),
  };
  return kRows;
}

template <>
std::span<const Row> rows<BundleRecord>() {
  static constexpr Row kRows[] = {
      row<&BundleRecord::path>("path", kRequired),
      row<&BundleRecord::image>("image"),
      row<&BundleRecord::diff_ids>("diffIds", kKeep),
  };
  return kRows;
}

}  // namespace estiva::codec

namespace estiva::image {

std::string object_name(const Digest& digest) {
  return text::cat(digest.algorithm_name(), "-", digest.hex());
}

Result<Digest> digest_of_object(std::string_view name) {
  std::string text(name);
  const size_t dash = text.find('-');
  if (dash != std::string::npos) text[dash] = ':';
  return Digest::parse(text);
}

Digest chain_id(std::span<const Digest> diff_ids) {
  Digest chain;
  for (const Digest& diff_id : diff_ids)
    chain = chain.empty() ? diff_id : digest_of(text::cat(chain.to_string(), " ", diff_id.to_string()));
  return chain;
}

std::string make_manifest(const std::string& config, const std::vector<LayerRecord>& layers) {
  Manifest manifest{.schema_version = 2, .media_type = std::string(media::kOciManifest)};
  manifest.config = {.media_type = std::string(media::kOciConfig),
                     .digest = digest_of(config),
                     .size = static_cast<int64_t>(config.size())};
  for (const LayerRecord& layer : layers) {
    manifest.layers.push_back({.media_type = std::string(media::kOciLayer),
                               .digest = layer.diff_id,
                               .size = static_cast<int64_t>(layer.size)});
  }
  return codec::encode(manifest);
}

}  // namespace estiva::image
