// SPDX-License-Identifier: Apache-2.0
// Store: one directory with images, their layers and their names (docs/storage.md). Objects have the digest of their
// content as their name and come into being whole, by rename. Who reads needs no lock; who names, removes or counts
// takes the store's one lock for a moment. Safe under other commands and SIGKILL.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "estiva/base/error.h"
#include "estiva/base/fd.h"
#include "image/digest.h"
#include "image/documents.h"
#include "image/layers/entry_file.h"
#include "image/layers/erofs.h"
#include "image/store/records.h"

namespace estiva::image {

// The directories of a store, below its root.
namespace place {
inline constexpr const char *kBlobs = "blobs", *kLayers = "layers", *kImages = "images", *kNames = "names",
                            *kIndexes = "indexes", *kUnpacked = "unpacked", *kIngest = "ingest",
                            *kLeases = "leases", *kTrash = "trash", *kBundles = "bundles";
}

struct Image {
  ImageRecord record;
  std::vector<NameRecord> names;
};

class Store {
 public:
  // Makes what is missing.
  static Result<Store> open(const std::string& root, const std::string& run_root);

  const std::string& root() const { return root_; }
  const std::string& run_root() const { return run_root_; }
  FdView dir() const { return dir_; }
  // "<root>/layers/sha256-...".
  std::string path(const char* place, const std::string& object) const;
  Result<Fd> open_dir(const char* place) const;

  // Held until the result is closed. `operation`: LOCK_SH or LOCK_EX.
  Result<Fd> lock(int operation) const;

  // ---- small content: manifests, configurations. Its digest is checked each time it is read.
  Result<std::string> read_blob(const Digest& digest, size_t limit = kConfigLimit) const;
  bool has_blob(const Digest& digest) const;

  // ---- layers
  // Nothing if it is not there. One that is not known to be on disk is read again first; what is damaged is removed.
  Result<std::optional<LayerRecord>> find_layer(const Digest& diff_id) const;
  Result<EntryFile> open_entries(const Digest& diff_id) const;
  LayerData layer_data(const LayerRecord& layer) const;
  Result<Fd> open_tar(const Digest& diff_id) const;
  // Reads the layer again: its tar has this diffID, and its entries are as they were. Marks it as synced.
  Result<void> verify_layer(const Digest& diff_id) const;

  // ---- images and names
  Result<std::vector<Image>> images() const;  // newest first
  // By name, ID or digest, or an unambiguous beginning of one of the latter. The error suggests what is near.
  Result<Image> find_image(const std::string& wanted) const;
  Result<std::vector<NameRecord>> names() const;
  Result<Manifest> manifest(const Image& image) const;
  Result<ImageConfig> config(const Image& image) const;
  // The name is another image's from now on, if it was one's before.
  Result<void> set_name(const NameRecord& name) const;
  Result<void> remove_name(const std::string& name) const;
  Result<void> remove_image(const Image& image) const;

  // Objects of `place` as their digests; what has another name is left out.
  Result<std::vector<Digest>> objects(const char* place) const;
  Result<void> write_layer_record(const LayerRecord& record) const;

 private:
  std::string root_, run_root_;
  Fd dir_;
};

// A record's file; an unreadable one is an error that names it.
template <typename T>
Result<T> read_record(FdView dir, const std::string& name);
template <typename T>
Result<void> write_record(FdView dir, const std::string& name, const T& record);

// Readers see the old or the new; several may write at once. What a killed one leaves begins with a dot.
Result<void> replace_record(FdView dir, const std::string& name, std::string_view text);

std::string name_file(const std::string& name);  // of a NameRecord

}  // namespace estiva::image

#include "estiva/base/files.h"

namespace estiva::image {

template <typename T>
Result<T> read_record(FdView dir, const std::string& name) {
  const std::string text = TRY(files::read_all(dir, name, kConfigLimit));
  return codec::decode<T>(text).context([&] { return text::cat("record ", name); });
}

template <typename T>
Result<void> write_record(FdView dir, const std::string& name, const T& record) {
  return replace_record(dir, name, codec::encode(record, true));
}

}  // namespace estiva::image
