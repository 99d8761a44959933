// SPDX-License-Identifier: Apache-2.0
// Archives and layouts, written.
#include "image/formats/save.h"

#include <errno.h>
#include <fcntl.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <set>

#include "estiva/base/sys_data.h"
#include "estiva/base/text.h"
#include "image/formats/layout.h"
#include "image/reference.h"
#include "image/tar/writer.h"

namespace estiva::image {

namespace {

constexpr size_t kPiece = 1 << 20;

std::string blob_name(const Digest& digest) {
  return text::cat("blobs/", digest.algorithm_name(), "/", digest.hex());
}

// One image as it is written: its documents, and where its layers are.
struct Saved {
  std::string manifest, config;
  Digest manifest_digest, config_digest;
  std::vector<LayerRecord> layers;
  std::vector<Reference> names;
};

// The layers are tars now, so the manifest is another one; the image's ID stays.
Result<Saved> plan_image(const Store& store, const Wanted& wanted) {
  Saved out;
  out.config = TRY(store.read_blob(wanted.image.record.config));
  out.config_digest = wanted.image.record.config;
  Manifest manifest{.schema_version = 2, .media_type = std::string(media::kOciManifest)};
  manifest.config = {.media_type = std::string(media::kOciConfig),
                     .digest = out.config_digest,
                     .size = static_cast<int64_t>(out.config.size())};
  for (const Digest& diff_id : wanted.image.record.diff_ids) {
    std::optional<LayerRecord> layer = TRY(store.find_layer(diff_id));
    if (!layer) return Error(Code::kNotFound, "the layer is not in the store").object(diff_id.to_string());
    manifest.layers.push_back({.media_type = std::string(media::kOciLayer),
                               .digest = diff_id,
                               .size = static_cast<int64_t>(layer->size)});
    out.layers.push_back(std::move(*layer));
  }
  out.manifest = codec::encode(manifest);
  out.manifest_digest = digest_of(out.manifest);
  for (const std::string& name : wanted.names) out.names.push_back(TRY(Reference::parse(name)));
  return out;
}

// Of an index, one for each name.
std::vector<Descriptor> entries_of(std::span<const Saved> images) {
  std::vector<Descriptor> out;
  for (const Saved& image : images) {
    Descriptor descriptor{.media_type = std::string(media::kOciManifest),
                          .digest = image.manifest_digest,
                          .size = static_cast<int64_t>(image.manifest.size())};
    if (image.names.empty()) out.push_back(descriptor);
    for (const Reference& name : image.names) {
      descriptor.annotations[kContainerdName] = name.full();
      descriptor.annotations.erase(kRefName);
      if (!name.tag.empty()) descriptor.annotations[kRefName] = name.tag;
      out.push_back(descriptor);
    }
  }
  return out;
}

std::string docker_text(std::span<const Saved> images) {
  std::string out;
  json::Writer writer(out);
  const auto strings = [&](std::string_view key, const std::vector<std::string>& values) {
    writer.key(key);
    writer.begin_array();
    for (const std::string& value : values) writer.string(value);
    writer.end_array();
  };
  writer.begin_array();
  for (const Saved& image : images) {
    std::vector<std::string> tags, layers;
    // docker loads nothing of an archive that has another kind of name among them, as that of a digest.
    for (const Reference& name : image.names)
      if (!name.tag.empty()) tags.push_back(text::cat(name.familiar_name(), ":", name.tag));
    for (const LayerRecord& layer : image.layers) layers.push_back(blob_name(layer.diff_id));
    writer.begin_object();
    writer.key("Config");
    writer.string(blob_name(image.config_digest));
    strings("RepoTags", tags);
    strings("Layers", layers);
    writer.end_object();
  }
  writer.end_array();
  return out;
}

// Where the files go: an archive, or a directory.
struct Target {
  std::function<Result<void>(const std::string& path, std::string_view content)> add;
  std::function<Result<void>(const std::string& path, FdView from, uint64_t size)> copy;
};

Result<void> write_blobs(const Store& store, std::span<const Saved> images, const Target& target) {
  std::set<Digest> written;
  for (const Saved& image : images) {
    if (written.insert(image.config_digest).second)
      TRY(target.add(blob_name(image.config_digest), image.config));
    if (written.insert(image.manifest_digest).second)
      TRY(target.add(blob_name(image.manifest_digest), image.manifest));
    for (const LayerRecord& layer : image.layers) {
      if (!written.insert(layer.diff_id).second) continue;
      TRY(target.copy(blob_name(layer.diff_id), TRY(store.open_tar(layer.diff_id)), layer.size));
    }
  }
  return {};
}

Result<std::vector<Saved>> plan_images(const Store& store, std::span<const Wanted> images) {
  std::vector<Saved> out;
  for (const Wanted& wanted : images) out.push_back(TRY(plan_image(store, wanted)));
  return out;
}

Result<void> copy_pieces(FdView from, uint64_t size,
                         const std::function<Result<void>(std::string_view)>& write) {
  std::string piece(kPiece, '\0');
  while (size > 0) {
    const size_t count =
        TRY(sys::read(from, piece.data(), static_cast<size_t>(std::min<uint64_t>(size, piece.size()))));
    if (count == 0) return Error::system("read", ENODATA);
    TRY(write(std::string_view(piece).substr(0, count)));
    size -= count;
  }
  return {};
}

}  // namespace

Result<void> save_archive(const Store& store, std::span<const Wanted> images, Format format, FdView out) {
  const std::vector<Saved> saved = TRY(plan_images(store, images));
  tar::Writer writer([&](std::string_view piece) { return sys::write_all(out, piece); });
  const Target target = {
      [&](const std::string& path, std::string_view content) { return writer.add_file(path, content); },
      [&](const std::string& path, FdView from, uint64_t size) -> Result<void> {
        tar::Entry entry;
        entry.path = path;
        entry.permissions = 0644;
        entry.size = size;
        TRY(writer.add(entry));
        return copy_pieces(from, size, [&](std::string_view piece) { return writer.data(piece); });
      }};
  TRY(target.add("oci-layout", kLayoutText));
  TRY(target.add("index.json", codec::encode(Index{.schema_version = 2,
                                                   .media_type = std::string(media::kOciIndex),
                                                   .manifests = entries_of(saved)})));
  if (format == Format::kDockerArchive) TRY(target.add("manifest.json", docker_text(saved)));
  TRY(write_blobs(store, saved, target));
  return writer.finish();
}

Result<void> save_layout(const Store& store, std::span<const Wanted> images, const std::string& directory) {
  const std::vector<Saved> saved = TRY(plan_images(store, images));
  Layout layout = TRY(Layout::open(directory));
  const Target target = {
      [&](const std::string& path, std::string_view content) {
        return layout.put(path, [&](FdView file) { return sys::write_all(file, content); });
      },
      [&](const std::string& path, FdView from, uint64_t size) {
        return layout.put(path, [&](FdView file) { return sys::copy_range({from, 0}, {file, 0}, size); });
      }};
  const auto write = [&]() -> Result<void> {
    const std::string index = TRY(layout.plan_index(entries_of(saved)));
    TRY(layout.begin());
    TRY(write_blobs(store, saved, target));
    return layout.finish(index);
  };
  Result<void> written = write();
  if (!written.ok()) layout.undo();
  return written;
}

}  // namespace estiva::image
