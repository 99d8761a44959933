// SPDX-License-Identifier: Apache-2.0
// Bundles from images: DIR/config.json and DIR/rootfs, for any OCI runtime. What only cais needs of it is in DIR/.cais:
// bundle.json, the overlay's upper and work directories, and what belongs to an image that is used where it lies.
#pragma once

#include <string>
#include <vector>

#include "estiva/base/error.h"
#include "estiva/spec/spec.h"
#include "image/documents.h"
#include "image/mount/mapped.h"
#include "image/store/session.h"

namespace estiva::image {

struct BundleOptions {
  std::string image;      // a name of the store, or a place (formats/source.h)
  std::string directory;  // made where missing; an empty one will do
  Tier tier = Tier::kIndex;
  bool unpack = false;  // rootfs is a directory of its own, nothing is mounted
  bool config = true;   // false: the caller writes config.json
};

// A layer that is used in place.
struct PlaceLayer {
  std::string file;
  uint64_t offset = 0, size = 0;  // of its tar in the file
  Digest diff_id;
};

// A layer of what was written that nothing is written to any more (snapshots.h).
struct Snapshot {
  std::string files;   // its directory in DIR/.cais
  std::string name;    // empty: it was removed, and is there for what stands on it
  std::string parent;  // `files` of the one that it stands on; empty: the image
  int64_t created_ns = 0;
  bool automatic = false;  // what a rollback left
};

// DIR/.cais/bundle.json; beside it, in image.json, the image's configuration as it was.
struct BundleState {
  std::string image;  // as it was given
  Digest manifest;    // empty: made from a place
  Digest config;
  std::vector<Digest> diff_ids;    // of layers in the store
  std::string tier;                // "index", "unpacked"; empty: nothing is mounted
  bool user_xattr = false;         // the overlay is mounted with userxattr
  std::vector<std::string> lower;  // of an image in place, as given to overlayfs
  std::vector<std::string> devices;
  std::vector<PlaceLayer> place_layers;
  std::string upper = "upper";      // the directory in DIR/.cais that the overlay writes to
  std::string base;                 // `files` of the snapshot that it stands on; empty: the image
  std::vector<Snapshot> snapshots;  // in the order in which they were made
  std::string undo;  // `files` of what was left by the last rollback, or "image"; empty: there was none
};

// All of it, or nothing.
Result<void> make_bundle(const Store& store, const BundleOptions& options);
// Unmounts, and removes what make_bundle made with what the container wrote. Other files in the directory stay.
Result<void> remove_bundle(const Store& store, const std::string& directory);
// The same without the removal of files: a bundle no more, of which the store keeps nothing for its sake.
Result<void> withdraw_bundle(const Store& store, const std::string& directory);
// After a boot: mounts again; nothing to do where it is mounted.
Result<void> mount_bundle(const Store& store, const std::string& directory);
// For a container with a user namespace of its own, in place of what is mounted there.
Result<void> mount_bundle_mapped(const Store& store, const std::string& directory, const MountIds& ids);

Result<BundleState> read_bundle(const std::string& directory);
// DIR/config.json.
Result<spec::Spec> read_bundle_spec(const std::string& directory);
Result<void> write_bundle_spec(const std::string& directory, const spec::Spec& spec);
// The configuration of the image that it was made of.
Result<ImageConfig> read_bundle_image(const std::string& directory);
// The image's part of what the overlay stands on, topmost first; mounted where it was not.
Result<std::vector<std::string>> bundle_lower(const Store& store, const std::string& directory,
                                              const BundleState& state);

// Names in a bundle's directory, and in the one that is cais' own.
namespace bundle_place {
inline constexpr const char *kConfig = "config.json", *kRootfs = "rootfs", *kOwn = ".cais";
inline constexpr const char *kState = "bundle.json", *kImage = "image.json";
}  // namespace bundle_place

}  // namespace estiva::image

namespace estiva::codec {
template <>
std::span<const Row> rows<image::PlaceLayer>();
template <>
std::span<const Row> rows<image::Snapshot>();
template <>
std::span<const Row> rows<image::BundleState>();
}  // namespace estiva::codec
