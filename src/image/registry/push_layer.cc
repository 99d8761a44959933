// SPDX-License-Identifier: Apache-2.0
// One layer to a registry.
#include "image/registry/push_layer.h"

#include <algorithm>

#include "estiva/base/sys.h"
#include "estiva/base/text.h"
#include "image/registry/upload.h"
#include "image/stream/encode.h"

namespace estiva::image {

namespace {

constexpr size_t kPiece = 1 << 20;
// Of Debian's base system: half the time of level 6 for a tenth more bytes.
constexpr int kGzipLevel = 4, kZstdLevel = 3;

// Compressed forms are worth more than plain ones: the plain one is what is sent if nothing else is known.
std::vector<Descriptor> known_forms(const Descriptor& wanted, const LayerRecord& layer) {
  std::vector<Descriptor> forms{wanted};
  for (const Descriptor& blob : layer.blobs)
    if (blob.digest != wanted.digest) forms.push_back(blob);
  return forms;
}

EncoderPtr make_encoder(const PushOptions& options) {
  const auto level = [&](int usual) { return options.level == 0 ? usual : options.level; };
  if (options.form == LayerForm::kGzip) return make_gzip_encoder(level(kGzipLevel));
  if (options.form == LayerForm::kZstd) return make_zstd_encoder(level(kZstdLevel));
  return nullptr;
}

std::string type_of(LayerForm form, bool docker) {
  if (form == LayerForm::kZstd) return std::string(media::kOciLayerZstd);
  const bool gzip = form == LayerForm::kGzip;
  if (docker) return std::string(gzip ? media::kDockerLayerGzip : media::kDockerLayer);
  return std::string(gzip ? media::kOciLayerGzip : media::kOciLayer);
}

}  // namespace

std::string oci_layer_type(std::string_view type) {
  if (type == media::kDockerLayerGzip) return std::string(media::kOciLayerGzip);
  if (type == media::kDockerLayer) return std::string(media::kOciLayer);
  return std::string(type);
}

void LayerPush::show(Phase phase, uint64_t current, uint64_t total, std::string note) {
  watcher_.show({id_, phase, current, total, std::move(note)});
}

Result<std::optional<Descriptor>> LayerPush::find(const std::vector<Descriptor>& forms,
                                                  const std::vector<std::string>& siblings) {
  for (const Descriptor& form : forms) {
    if (!TRY(has_blob(registry_, form.digest))) continue;
    show(Phase::kLayerExists, 0, 0);
    return std::optional(form);
  }
  for (const Descriptor& form : forms) {
    for (const std::string& from : siblings) {
      if (!TRY(mount_blob(registry_, form.digest, from))) continue;
      show(Phase::kMounted, 0, 0, text::cat("from ", from));
      return std::optional(form);
    }
  }
  return std::optional<Descriptor>();
}

// Into the spool; the tar is hashed on its way, so that nothing damaged leaves.
Result<Descriptor> LayerPush::compress(const LayerRecord& layer, FdView out) {
  const Fd tar = TRY(session_.store().open_tar(layer.diff_id));
  const EncoderPtr encoder = make_encoder(options_);
  Hasher plain(layer.diff_id.algorithm()), packed;
  Descriptor blob{.media_type = type_of(options_.form, docker_)};
  const Encoder::Output write = [&](std::string_view piece) -> Result<void> {
    packed.update(piece);
    blob.size += static_cast<int64_t>(piece.size());
    return sys::write_all(out, piece);
  };
  std::string piece(kPiece, '\0');
  for (uint64_t done = 0;;) {
    const size_t count = TRY(sys::read(tar, piece.data(), piece.size()));
    if (count == 0) break;
    const std::string_view part = std::string_view(piece).substr(0, count);
    plain.update(part);
    TRY(encoder == nullptr ? write(part) : encoder->write(part, write));
    show(Phase::kPreparing, done += count, layer.size);
  }
  if (encoder != nullptr) TRY(encoder->finish(write));
  if (plain.finish() != layer.diff_id)
    return Error(Code::kInternal, "the layer is damaged")
        .object(layer.diff_id.to_string())
        .hint("cais verify");
  blob.digest = packed.finish();
  return blob;
}

Result<void> LayerPush::send(const Descriptor& blob, FdView file) {
  const auto size = static_cast<uint64_t>(blob.size);
  const Upload content{size, [&](uint64_t offset, char* buffer, size_t room) -> Result<size_t> {
                         show(Phase::kPushing, offset, size);
                         return sys::pread(file, buffer, room, static_cast<off_t>(offset));
                       }};
  const auto wait = [&](const std::string& trouble, uint64_t seconds) {
    show(Phase::kRetrying, seconds, 0, trouble);
  };
  return send_blob(registry_, {blob.digest, content, wait});
}

Result<Descriptor> LayerPush::push(const Descriptor& wanted, const Digest& diff_id,
                                   const std::vector<std::string>& siblings) {
  id_ = diff_id.short_hex();
  std::optional<LayerRecord> layer = TRY(session_.store().find_layer(diff_id));
  if (!layer) return Error(Code::kNotFound, "the layer is not in the store").object(diff_id.to_string());
  show(Phase::kPreparing, 0, layer->size);
  if (std::optional<Descriptor> there = TRY(find(known_forms(wanted, *layer), siblings))) return *there;
  const Spool spool = TRY(Spool::make(session_.store()));
  const Descriptor blob = TRY(compress(*layer, spool.file()));
  // It may have been sent before, from another machine.
  if (TRY(has_blob(registry_, blob.digest))) {
    show(Phase::kLayerExists, 0, 0);
  } else {
    TRY(send(blob, spool.file()).context([&] { return text::cat("layer ", id_); }));
    show(Phase::kPushed, 0, 0);
  }
  if (blob.digest != diff_id &&
      std::ranges::find(layer->blobs, blob.digest, &Descriptor::digest) == layer->blobs.end()) {
    layer->blobs.push_back(blob);
    TRY(session_.store().write_layer_record(*layer));
  }
  return blob;
}

}  // namespace estiva::image
