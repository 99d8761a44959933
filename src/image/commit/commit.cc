// SPDX-License-Identifier: Apache-2.0
// The layer first, then the configuration and the manifest that name it, then the image.
#include "image/commit/commit.h"

#include <fcntl.h>

#include "estiva/base/text.h"
#include "estiva/spec/spec.h"
#include "image/commit/instructions.h"
#include "image/created.h"
#include "image/formats/source.h"

namespace estiva::image {

namespace {

// A root file system that was used as it lies has no layer yet.
Result<LayerRecord> directory_layer(Session& session, const std::string& path) {
  Comparison comparison;
  comparison.after = TRY(Side::of_directories({path}));
  LayerOptions options;
  options.newest = TRY(source_date_epoch());
  const MadeLayer made = TRY(make_layer(session, comparison, options));
  if (made.record) return *made.record;
  return Error(Code::kInvalid, "is empty: there is nothing to make an image of").object(text::quote(path));
}

Result<LayerRecord> stored_layer(Session& session, const Digest& diff_id) {
  const std::optional<LayerRecord> layer = TRY(session.use_layer(diff_id));
  if (layer) return *layer;
  return Error(Code::kNotFound, "the layer that the bundle was made of is not in the store any more")
      .object(diff_id.to_string())
      .hint("fetch or load the image again");
}

Result<std::vector<LayerRecord>> base_layers(Session& session, const BundleState& state) {
  std::vector<LayerRecord> out;
  for (const Digest& diff_id : state.diff_ids) out.push_back(TRY(stored_layer(session, diff_id)));
  for (const PlaceLayer& layer : state.place_layers) {
    const SourceLayer source{
        .file = layer.file, .offset = layer.offset, .size = layer.size, .diff_id = layer.diff_id};
    out.push_back(TRY(import_layer(session, source)));
  }
  if (out.empty() && !state.lower.empty()) out.push_back(TRY(directory_layer(session, state.lower.at(0))));
  return out;
}

// An image need not have a history; from now on each layer has an entry.
ImageConfig new_config(const CommitBase& base, const CommitOptions& options, const std::string& created,
                       const std::optional<LayerRecord>& layer) {
  ImageConfig config = base.config;
  if (config.history.empty()) config.history.assign(base.layers.size(), {.created = config.created});
  config.created = created;
  if (!options.author.empty()) config.author = options.author;
  config.rootfs.diff_ids.clear();
  for (const LayerRecord& each : base.layers) config.rootfs.diff_ids.push_back(each.diff_id);
  if (layer) config.rootfs.diff_ids.push_back(layer->diff_id);
  config.history.push_back({.created = created,
                            .created_by = base.command,
                            .author = options.author,
                            .comment = options.comment,
                            .empty_layer = !layer});
  return config;
}

// What the bundle's container runs.
Result<std::string> command_of(const BundleChanges& bundle) {
  const spec::Spec spec =
      TRY(read_bundle_spec(bundle.directory).context([&] { return text::quote(bundle.directory); }));
  return spec.process ? text::join(spec.process->args, " ") : "";
}

}  // namespace

Result<CommitBase> commit_base(Session& session, const BundleChanges& bundle) {
  CommitBase base;
  base.config =
      TRY(read_bundle_image(bundle.directory).context([&] { return text::quote(bundle.directory); }));
  base.command = TRY(command_of(bundle));
  base.layers = TRY(base_layers(session, bundle.state));
  return base;
}

Result<Committed> commit(Session& session, CommitBase base, const Comparison& comparison,
                         const CommitOptions& options) {
  const std::optional<int64_t> epoch = TRY(source_date_epoch());
  if (!base.config.config) base.config.config.emplace();
  TRY(apply_instructions(options.changes, *base.config.config));
  MadeLayer made = TRY(make_layer(session, comparison, {.newest = epoch, .visit = {}}));
  const std::string created = created_at(epoch);
  const std::string config = codec::encode(new_config(base, options, created, made.record));
  Session::NewImage image;
  if (made.record) base.layers.push_back(*made.record);
  for (const LayerRecord& layer : base.layers) image.diff_ids.push_back(layer.diff_id);
  const std::string manifest = make_manifest(config, base.layers);
  image.config = TRY(session.put_blob(config));
  image.manifest.media_type = media::kOciManifest;
  image.manifest.digest = TRY(session.put_blob(manifest));
  image.manifest.size = static_cast<int64_t>(manifest.size());
  image.names = options.names;
  image.created = created;
  Committed out;
  out.image = TRY(session.add_image(image));
  out.is_empty = !made.record;
  out.warnings = std::move(made.warnings);
  return out;
}

}  // namespace estiva::image
