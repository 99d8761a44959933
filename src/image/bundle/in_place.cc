// SPDX-License-Identifier: Apache-2.0
// Images in place.
#include "image/bundle/in_place.h"

#include <fcntl.h>

#include <algorithm>
#include <memory>

#include "estiva/base/files.h"
#include "estiva/base/sys_data.h"
#include "estiva/base/text.h"
#include "image/layers/unpack.h"
#include "image/store/view.h"

namespace estiva::image {

namespace {

constexpr size_t kPiece = 1 << 20;

std::string layer_path(const std::string& work, size_t index) { return text::cat(work, "/layer-", index); }

Result<LayerFacts> read_layer(const SourceLayer& layer, FdView dir) {
  IngestOptions options{.keep_tar = false, .limit = UINT64_MAX};
  if (!layer.diff_id.empty()) options.diff_algorithm = layer.diff_id.algorithm();
  LayerIngest ingest = TRY(LayerIngest::begin(dir, options));
  const Fd file = TRY(sys::open(layer.file, O_RDONLY));
  std::string piece(kPiece, '\0');
  for (uint64_t done = 0; done < layer.size;) {
    const size_t want = static_cast<size_t>(std::min<uint64_t>(piece.size(), layer.size - done));
    const size_t count = TRY(sys::pread(file, piece.data(), want, static_cast<off_t>(layer.offset + done)));
    if (count == 0) return Error(Code::kInvalid, "the file ends within the layer").object(layer.file);
    TRY(ingest.write(std::string_view(piece).substr(0, count)));
    done += count;
  }
  LayerFacts facts = TRY(ingest.finish());
  if (layer.diff_id.empty() || facts.diff_id == layer.diff_id) return facts;
  return Error(Code::kInvalid, text::cat("the layer in ", layer.file, " is ", facts.diff_id.to_string()))
      .object(layer.diff_id.to_string());
}

// What an unpacked bundle is compared with later: its layers' entries stay.
Result<View> view_of(const SourceImage& image, const std::string& work, BundleState& state, bool keep) {
  View view;
  for (size_t i = 0; i < image.layers.size(); ++i) {
    const std::string path = layer_path(work, i);
    TRY(sys::mkdirat(FdView::cwd(), path, 0700));
    const Fd dir = TRY(sys::open(path, O_RDONLY | O_DIRECTORY));
    const LayerFacts facts = TRY(read_layer(image.layers[i], dir));
    view.entries.push_back(
        std::make_unique<EntryFile>(TRY(EntryFile::open(TRY(sys::openat(dir, "entries", O_RDONLY))))));
    if (!keep) TRY(sys::unlinkat(dir, "entries"));
    state.place_layers.push_back(
        {image.layers[i].file, image.layers[i].offset, image.layers[i].size, facts.diff_id});
    view.data.push_back({image.layers[i].file, image.layers[i].offset,
                         facts.sparse_size == 0 ? "" : text::cat(path, "/sparse")});
    TRY(view.tree.apply(*view.entries.back()));
  }
  return view;
}

}  // namespace

Result<bool> can_stay(const Source& source, const SourceImage& image) {
  if (!source.spool.path().empty()) return false;
  for (const SourceLayer& layer : image.layers) {
    const Fd file = TRY(sys::open(layer.file, O_RDONLY));
    char first[kSniffBytes] = {};
    const size_t count = TRY(sys::pread(file, first, sizeof first, static_cast<off_t>(layer.offset)));
    if (TRY(sniff({first, count})) != Compression::kNone || layer.offset % tar::kBlock != 0) return false;
  }
  return true;
}

Result<void> index_in_place(const SourceImage& image, const std::string& work, const BundleOptions& options,
                            BundleState& state) {
  View view = TRY(view_of(image, work, state, options.unpack));
  const std::string lower = text::cat(work, "/lower");
  TRY(sys::mkdirat(FdView::cwd(), lower, 0755));
  state.lower = {lower};
  if (options.tier == Tier::kUnpacked || options.unpack)
    return unpack_all(view.tree, view.data, TRY(sys::open(lower, O_RDONLY | O_DIRECTORY)));
  const Fd index = TRY(sys::open(text::cat(work, "/index"), O_RDWR | O_CREAT | O_EXCL, 0600));
  for (const IndexDevice& device : TRY(write_index(view.tree, view.data, work, index)))
    state.devices.push_back(device.path);
  return {};
}

Result<View> view_in_place(const std::string& work, const BundleState& state) {
  View view;
  for (size_t i = 0; i < state.place_layers.size(); ++i) {
    const std::string path = layer_path(work, i);
    const Fd entries = TRY(sys::open(text::cat(path, "/entries"), O_RDONLY));
    view.entries.push_back(std::make_unique<EntryFile>(TRY(EntryFile::open(entries))));
    const std::string sparse = text::cat(path, "/sparse");
    const bool is_sparse = sys::fstatat(FdView::cwd(), sparse, 0).ok();
    view.data.push_back({state.place_layers[i].file, state.place_layers[i].offset, is_sparse ? sparse : ""});
    TRY(view.tree.apply(*view.entries.back()));
  }
  return view;
}

}  // namespace estiva::image
