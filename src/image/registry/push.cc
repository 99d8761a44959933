// SPDX-License-Identifier: Apache-2.0
// Push: an image of the store to a registry.
#include "image/registry/push.h"

#include <algorithm>

#include "estiva/base/text.h"
#include "image/registry/push_layer.h"
#include "image/registry/upload.h"

namespace estiva::image {

namespace {

struct Plan {
  Registry& registry;
  Session& session;
  const Image& image;
  const Reference& to;
  const PushOptions& options;
  Watcher& watcher;
};

// Other repositories of the same registry that have the layers, as the store's names tell.
std::vector<std::string> siblings(const Plan& plan, const Digest& diff_id) {
  std::vector<std::string> paths;
  const Result<std::vector<Image>> images = plan.session.store().images();
  if (!images.ok()) return paths;
  for (const Image& other : images.value()) {
    if (std::ranges::find(other.record.diff_ids, diff_id) == other.record.diff_ids.end()) continue;
    for (const NameRecord& name : other.names) {
      const Result<Reference> known = Reference::parse(name.name);
      if (!known.ok() || known.value().host != plan.to.host || known.value().path == plan.to.path) continue;
      if (std::ranges::find(paths, known.value().path) == paths.end()) paths.push_back(known.value().path);
    }
  }
  return paths;
}

Result<void> send_document(const Plan& plan, const Digest& digest, const std::string& text) {
  if (TRY(has_blob(plan.registry, digest))) return {};
  const Upload content{text.size(), [&text](uint64_t offset, char* buffer, size_t room) -> Result<size_t> {
                         return text.copy(buffer, room, std::min<size_t>(offset, text.size()));
                       }};
  return send_blob(plan.registry, {digest, content, [](const std::string&, uint64_t) {}});
}

// The manifest goes as it is where all its layers do.
Result<std::string> manifest_text(const Plan& plan, Manifest manifest, std::vector<Descriptor> layers) {
  if (layers == manifest.layers)
    return plan.session.store().read_blob(plan.image.record.manifest.digest, kManifestLimit);
  manifest.layers = std::move(layers);
  const bool zstd = std::ranges::any_of(
      manifest.layers, [](const Descriptor& layer) { return layer.media_type == media::kOciLayerZstd; });
  // Docker's manifests have no zstd.
  if (zstd && manifest.media_type == media::kDockerManifest) {
    manifest.media_type = media::kOciManifest;
    manifest.config.media_type = media::kOciConfig;
    for (Descriptor& layer : manifest.layers) layer.media_type = oci_layer_type(layer.media_type);
  }
  return codec::encode(manifest);
}

Result<void> put_manifest(const Plan& plan, const std::string& type, const std::string& text) {
  Ask ask = plan.registry.ask(text::cat("manifests/", plan.to.tag), Access::kPush);
  const Upload content{text.size(), [&text](uint64_t offset, char* buffer, size_t room) -> Result<size_t> {
                         return text.copy(buffer, room, std::min<size_t>(offset, text.size()));
                       }};
  ask.method = "PUT";
  ask.headers = {text::cat("Content-Type: ", type), "Expect:"};
  ask.upload = &content;
  const Response response = TRY(plan.registry.run(std::move(ask)));
  if (response.status == 201 || response.status == 200 || response.status == 202) return {};
  return refusal(plan.registry, response, text::cat("manifest ", plan.to.tag));
}

// What was pushed becomes what the name means here too, so that a pull finds it up to date.
Result<void> keep(const Plan& plan, const std::string& type, const std::string& text) {
  Session::NewImage image;
  image.config = plan.image.record.config;
  image.diff_ids = plan.image.record.diff_ids;
  image.created = plan.image.record.created;
  image.manifest = {.media_type = type,
                    .digest = TRY(plan.session.put_blob(text)),
                    .size = static_cast<int64_t>(text.size())};
  const std::string name = plan.to.full();
  for (const NameRecord& known : plan.image.names)
    if (known.name == name) image.names = {name};
  if (image.names.empty()) return {};
  TRY(plan.session.add_image(image));
  return {};
}

Result<Pushed> run(const Plan& plan) {
  const Store& store = plan.session.store();
  const Manifest manifest = TRY(store.manifest(plan.image));
  const std::vector<Digest>& diff_ids = plan.image.record.diff_ids;
  if (manifest.layers.size() != diff_ids.size())
    return Error::invalid(
        "/layers", text::cat("has ", manifest.layers.size(), " layers, the image has ", diff_ids.size()));
  plan.watcher.say(text::cat("The push refers to repository [", plan.to.name(), "]"));
  LayerPush layers(plan.registry, plan.session, plan.options, plan.watcher);
  layers.set_docker(manifest.media_type == media::kDockerManifest);
  std::vector<Descriptor> sent;
  for (size_t i = 0; i < diff_ids.size(); ++i)
    sent.push_back(TRY(layers.push(manifest.layers[i], diff_ids[i], siblings(plan, diff_ids[i]))));
  TRY(send_document(plan, plan.image.record.config, TRY(store.read_blob(plan.image.record.config))));
  const std::string text = TRY(manifest_text(plan, manifest, std::move(sent)));
  const std::string type = TRY(read_manifest(text)).media_type;
  TRY(put_manifest(plan, type.empty() ? std::string(media::kOciManifest) : type, text));
  TRY(keep(plan, type.empty() ? std::string(media::kOciManifest) : type, text));
  const Digest digest = digest_of(text);
  plan.watcher.say(text::cat(plan.to.tag, ": digest: ", digest.to_string(), " size: ", text.size()));
  return Pushed{digest, text.size()};
}

}  // namespace

Result<Pushed> push(const PushJob& job, const PushOptions& options) {
  const Reference& to = job.to;
  if (to.tag.empty() || !to.digest.empty())
    return Error(Code::kInvalid, "is pushed under a tag, not under a digest").object(to.full());
  const std::vector<Endpoint> endpoints = TRY(job.client.endpoints(to));
  Registry* registry = TRY(job.client.open(endpoints.back()));  // the mirrors stand before it
  for (const Digest& diff_id : job.image.record.diff_ids) {
    if (!TRY(job.session.use_layer(diff_id)))
      return Error(Code::kNotFound, "the layer is not in the store").object(diff_id.to_string());
  }
  return run({*registry, job.session, job.image, to, options, job.watcher}).context([&] {
    return to.familiar();
  });
}

}  // namespace estiva::image
