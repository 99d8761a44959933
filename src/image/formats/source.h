// SPDX-License-Identifier: Apache-2.0
// Images outside of the store, as they lie: an OCI layout or archive, a docker-archive, a tar or a directory of a root
// file system. A source only says what is where; who imports or mounts it checks every digest. Bytes come from strangers.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "estiva/base/error.h"
#include "image/documents.h"
#include "image/store/session.h"

namespace estiva::image {

enum class Format : uint8_t { kOciLayout, kOciArchive, kDockerArchive, kRootfsTar, kRootfsDir };
std::string_view name_of(Format format);

struct SourceLayer {
  std::string file;
  uint64_t offset = 0, size = 0;  // of the layer in the file
  Descriptor blob;                // its digest is empty where the format has none
  Digest diff_id;                 // empty for a rootfs tar
};

struct SourceImage {
  std::string manifest;  // its text; empty where the format has none
  std::string manifest_type;
  std::string config;  // its text; empty for a rootfs
  std::vector<SourceLayer> layers;
  std::vector<std::string> names;  // full references
  std::string tag;                 // in the layout; may be empty
};

// A file in the store's own directory that goes with the object: what came from a pipe, or unpacked from gzip.
class Spool {
 public:
  static Result<Spool> make(const Store& store);
  Spool() = default;
  Spool(Spool&& other) noexcept;
  Spool& operator=(Spool&& other) noexcept;
  ~Spool();
  const std::string& path() const { return path_; }
  FdView file() const { return file_; }

 private:
  std::string path_;
  Fd file_;
};

struct Source {
  Format format = Format::kRootfsDir;
  std::string path;  // of what the layers are in
  std::string tag;   // only the images that have it were asked for; empty: all
  std::vector<SourceImage> images;
  Spool spool;
};

// "oci:DIR", "oci-archive:FILE", "docker-archive:FILE", "rootfs:FILE" or "dir:DIR", or a path alone, whose kind is then
// found out; "-" is standard input. ":TAG" behind a layout chooses by org.opencontainers.image.ref.name, as with skopeo; what
// exists under the whole name has no tag. A compressed archive is unpacked into a spool first.
Result<Source> open_source(const Store& store, const std::string& where);
// Where one is wanted.
Result<void> check_single(const Source& source);
// Whether a text that could be an image's name is meant as a place: it has such a prefix, or begins with "/" or ".".
bool is_place(const std::string& text);

// One layer into the store; its digests are checked.
Result<LayerRecord> import_layer(Session& session, const SourceLayer& layer);
// The image becomes one of the store. `names` in place of its own, unless empty.
Result<ImageRecord> import_image(Session& session, const SourceImage& image,
                                 const std::vector<std::string>& names);

}  // namespace estiva::image
