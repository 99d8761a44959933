// SPDX-License-Identifier: Apache-2.0
// Pull: from a name to an image in the store.
#include "image/registry/pull.h"

#include <algorithm>

#include "estiva/base/text.h"
#include "image/registry/resolve.h"
#include "image/registry/schema1.h"

namespace estiva::image {

namespace {

// With these an artifact, a Helm chart for example, is told from an image.
bool is_image_config(std::string_view type) {
  return type == media::kOciConfig || type == media::kDockerConfig;
}

struct Job {
  Client& client;
  Session& session;
  const Reference& reference;
  const PullOptions& options;
  Watcher& watcher;
};

// One that is damaged is removed by the question.
bool layer_here(const Job& job, const Digest& diff_id) {
  const Result<std::optional<LayerRecord>> layer = job.session.use_layer(diff_id);
  if (!layer.ok()) job.watcher.warn(layer.error().to_string());
  return layer.ok() && layer.value().has_value();
}

// What the name means here already, if all of it is.
Result<std::optional<Image>> image_here(const Job& job, const Digest& target) {
  const std::string name = stored_name(job.reference);
  for (Image& image : TRY(job.session.store().images())) {
    const auto same = [&](const NameRecord& one) { return one.name == name && one.target == target; };
    if (std::ranges::none_of(image.names, same)) continue;
    const Result<ImageConfig> config = job.session.store().config(image);
    if (!config.ok()) continue;
    const Platform platform{config.value().architecture, config.value().os, "", {}, config.value().variant};
    if (!suits(platform, job.options.wish)) continue;
    if (std::ranges::all_of(image.record.diff_ids, [&](const Digest& one) { return layer_here(job, one); }))
      return std::optional(std::move(image));
  }
  return std::optional<Image>();
}

Result<void> check_platform(const Job& job, const ImageConfig& config) {
  const Platform platform{config.architecture, config.os, "", {}, config.variant};
  if (suits(platform, job.options.wish)) return {};
  const std::string text =
      text::cat(job.reference.familiar(), " is made for ", text::printable(describe(platform)), ", not for ",
                describe(job.options.wish.platform));
  if (job.options.wish.named) return Error(Code::kNotFound, text);
  job.watcher.warn(text);
  return {};
}

Result<std::string> fetch_config(const Job& job, Resolver& resolver, const Descriptor& config) {
  if (!is_image_config(config.media_type)) {
    return Error(Code::kUnsupported,
                 text::cat("is no image of a container: its configuration is of the type ",
                           text::quote(config.media_type)));
  }
  if (job.session.store().has_blob(config.digest)) {
    Result<std::string> known = job.session.store().read_blob(config.digest);
    if (known.ok()) return known;
  }
  std::optional<Error> last;
  for (const Endpoint& endpoint : resolver.sources()) {
    Result<std::string> text = fetch_blob(*TRY(job.client.open(endpoint)), config, kConfigLimit);
    if (text.ok()) return text;
    last = std::move(text).error();
  }
  return last ? std::move(*last)
              : Error(Code::kInvalid, "the configuration of registries leaves no host to ask");
}

Result<Session::NewImage> pull_manifest(const Job& job, Resolver& resolver, const Resolved& resolved) {
  const Manifest manifest = TRY(read_manifest(resolved.manifest.text));
  const std::string config_text = TRY(fetch_config(job, resolver, manifest.config));
  const ImageConfig config = TRY(read_config(config_text).context([] { return "configuration"; }));
  TRY(check_platform(job, config));
  const std::vector<Digest>& diff_ids = config.rootfs.diff_ids;
  if (diff_ids.size() != manifest.layers.size()) {
    return Error::invalid("/rootfs/diff_ids", text::cat("has ", diff_ids.size(), " layers, the manifest has ",
                                                        manifest.layers.size()))
        .context("configuration");
  }
  std::vector<LayerWant> wants;
  for (size_t i = 0; i < diff_ids.size(); ++i) wants.push_back({manifest.layers[i], diff_ids[i]});
  TRY(fetch_layers({job.client, job.session, resolver.sources(), job.watcher}, wants, job.options.fetch));
  Session::NewImage image;
  image.config = TRY(job.session.put_blob(config_text, manifest.config.digest.algorithm()));
  image.manifest.digest =
      TRY(job.session.put_blob(resolved.manifest.text, resolved.manifest.digest.algorithm()));
  image.manifest.media_type = resolved.manifest.media_type;
  image.manifest.size = static_cast<int64_t>(resolved.manifest.text.size());
  image.diff_ids = diff_ids;
  image.created = config.created;
  return image;
}

// The layers come first: what they are in plain form is known only then.
Result<Session::NewImage> pull_schema1(const Job& job, Resolver& resolver, const Resolved& resolved) {
  const Schema1 old = TRY(read_schema1(TRY(schema1_payload(resolved.manifest.text))));
  std::vector<LayerWant> wants;
  for (const Digest& digest : old.layers) {
    Descriptor blob;
    blob.media_type = media::kDockerLayerGzip;
    blob.digest = digest;
    wants.push_back({blob, {}});
  }
  const std::vector<LayerRecord> layers =
      TRY(fetch_layers({job.client, job.session, resolver.sources(), job.watcher}, wants, job.options.fetch));
  Session::NewImage image;
  std::vector<Descriptor> blobs;
  for (size_t i = 0; i < layers.size(); ++i) {
    image.diff_ids.push_back(layers[i].diff_id);
    const auto as_it_came = [&](const Descriptor& blob) { return blob.digest == wants[i].blob.digest; };
    const auto blob = std::ranges::find_if(layers[i].blobs, as_it_came);
    blobs.push_back(blob == layers[i].blobs.end() ? wants[i].blob : *blob);
    blobs.back().media_type = media::kDockerLayerGzip;
  }
  const std::string config_text = TRY(schema1_config(old, image.diff_ids));
  const ImageConfig config = TRY(read_config(config_text).context([] { return "configuration"; }));
  TRY(check_platform(job, config));
  const std::string manifest = schema1_manifest(config_text, blobs);
  image.config = TRY(job.session.put_blob(config_text));
  image.manifest.digest = TRY(job.session.put_blob(manifest));
  image.manifest.media_type = media::kDockerManifest;
  image.manifest.size = static_cast<int64_t>(manifest.size());
  image.created = config.created;
  return image;
}

void tell_rate(const Job& job, Resolver& resolver) {
  const Result<Registry*> registry = resolver.registry();
  if (!registry.ok() || !registry.value()->rate()) return;
  const RateLimit& rate = *registry.value()->rate();
  constexpr uint64_t kLowPart = 10;  // a tenth
  if (rate.remaining.count > rate.limit.count / kLowPart) return;
  const std::string hours =
      rate.limit.window_s == 0 ? "" : text::cat(" in ", (rate.limit.window_s + 1800) / 3600, " hours");
  job.watcher.warn(text::cat(registry.value()->endpoint().host, ": ", rate.remaining.count, " of ",
                             rate.limit.count, " pulls", hours, " are left",
                             registry.value()->anonymous() ? "; a login may have more" : ""));
}

Result<Pulled> tell(const Job& job, Pulled pulled) {
  job.watcher.say(text::cat("Digest: ", pulled.target.to_string()));
  job.watcher.say(
      text::cat("Status: ", pulled.newer ? "Downloaded newer image for " : "Image is up to date for ",
                job.reference.familiar()));
  return pulled;
}

}  // namespace

std::string stored_name(const Reference& reference) {
  return reference.tag.empty() ? reference.full() : text::cat(reference.name(), ":", reference.tag);
}

Result<Pulled> pull(Client& client, Session& session, const Reference& reference, const PullOptions& options,
                    Watcher& watcher) {
  const Job job{client, session, reference, options, watcher};
  Resolver resolver(client, session.store(), watcher, TRY(client.endpoints(reference)));
  const std::optional<Digest> digest = TRY(resolver.find_digest(reference));
  watcher.say(text::cat(reference.selector(), ": Pulling from ", reference.path));
  if (digest) {
    if (const std::optional<Image> here = TRY(image_here(job, *digest)))
      return tell(job, {*digest, here->record.manifest.digest, false});
  }
  const Resolved resolved = TRY(resolver.resolve(reference, digest, options.wish));
  if (!digest) {  // the registry told it by the manifest only
    if (const std::optional<Image> here = TRY(image_here(job, resolved.target.digest)))
      return tell(job, {resolved.target.digest, here->record.manifest.digest, false});
  }
  const bool old_form = resolved.manifest.media_type == media::kDockerManifest1 ||
                        resolved.manifest.media_type == media::kDockerManifest1Signed;
  Session::NewImage image =
      TRY((old_form ? pull_schema1(job, resolver, resolved) : pull_manifest(job, resolver, resolved))
              .context([&] { return reference.familiar(); }));
  for (const FetchedManifest& index : resolved.indexes)
    image.blobs.push_back(TRY(session.put_blob(index.text, index.digest.algorithm())));
  image.names.push_back(stored_name(reference));
  image.target = resolved.target.digest;
  TRY(session.add_image(image));
  tell_rate(job, resolver);
  return tell(job, {resolved.target.digest, image.manifest.digest, true});
}

}  // namespace estiva::image
