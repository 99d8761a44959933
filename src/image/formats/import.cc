// SPDX-License-Identifier: Apache-2.0
// From a source into the store: layers first, then documents, then the image.
#include <fcntl.h>

#include <algorithm>

#include "estiva/base/sys_data.h"
#include "estiva/base/text.h"
#include "image/formats/source.h"

namespace estiva::image {

namespace {

constexpr size_t kPiece = 1 << 20;

}  // namespace

Result<LayerRecord> import_layer(Session& session, const SourceLayer& layer) {
  LayerDownload download = TRY(session.begin_layer(layer.blob, layer.diff_id));
  if (download.complete()) return *TRY(session.use_layer(layer.diff_id));
  const Fd file = TRY(sys::open(layer.file, O_RDONLY));
  std::string piece(kPiece, '\0');
  for (uint64_t done = download.offset(); done < layer.size;) {
    const size_t want = static_cast<size_t>(std::min<uint64_t>(piece.size(), layer.size - done));
    const size_t count = TRY(sys::pread(file, piece.data(), want, static_cast<off_t>(layer.offset + done)));
    if (count == 0) return Error(Code::kInvalid, "the file ends within the layer").object(layer.file);
    TRY(download.write(std::string_view(piece).substr(0, count)));
    done += count;
  }
  return download.finish();
}

Result<ImageRecord> import_image(Session& session, const SourceImage& image,
                                 const std::vector<std::string>& names) {
  std::vector<LayerRecord> layers;
  Session::NewImage made;
  for (const SourceLayer& layer : image.layers) {
    layers.push_back(TRY(import_layer(session, layer).context([&] {
      return text::cat("layer ", layers.size() + 1, " of ", image.layers.size());
    })));
    made.diff_ids.push_back(layers.back().diff_id);
  }
  const std::string manifest = image.manifest.empty() ? make_manifest(image.config, layers) : image.manifest;
  const ImageConfig config = TRY(read_config(image.config));
  const Digest said = TRY(read_manifest(manifest)).config.digest;
  made.config = TRY(session.put_blob(image.config, said.algorithm()));
  made.manifest = {
      .media_type = image.manifest_type.empty() ? std::string(media::kOciManifest) : image.manifest_type,
      .digest = TRY(session.put_blob(manifest)),
      .size = static_cast<int64_t>(manifest.size())};
  made.names = names.empty() ? image.names : names;
  made.created = config.created;
  return session.add_image(made);
}

}  // namespace estiva::image
