// SPDX-License-Identifier: Apache-2.0
// From a name to the manifest of one image for one platform.
#include "image/registry/resolve.h"

#include <algorithm>

#include "estiva/base/text.h"

namespace estiva::image {

namespace {

constexpr size_t kMaxIndexes = 2;  // an index in an index

}  // namespace

template <typename Answer>
Result<Answer> Resolver::each(bool Endpoint::*takes,
                              const std::function<Result<Answer>(Registry&)>& question) {
  std::optional<Error> last;
  for (size_t i = 0; i < endpoints_.size(); ++i) {
    const Endpoint& endpoint = endpoints_[i];
    if (!(endpoint.*takes) || std::ranges::find(failed_, endpoint.name()) != failed_.end()) continue;
    const Result<Registry*> registry = client_.open(endpoint);
    Result<Answer> answer = registry.ok() ? question(*registry.value())
                                          : Result<Answer>(Error::from_parts(registry.error().parts()));
    if (answer.ok()) {
      answered_ = i;
      return answer;
    }
    // A mirror that lacks the image is no news; one that does not work is, once.
    if (endpoint.mirror && answer.error().code() != Code::kNotFound) {
      failed_.push_back(endpoint.name());
      watcher_.warn(text::cat("mirror ", answer.error().to_string()));
    }
    last = std::move(answer).error();
  }
  if (last) return std::move(*last);
  return Error(Code::kInvalid, "the configuration leaves nobody to ask");
}

Result<std::optional<Digest>> Resolver::find_digest(const Reference& reference) {
  if (!reference.digest.empty()) return std::optional(reference.digest);
  return each<std::optional<Digest>>(
      &Endpoint::with_tags, [&](Registry& registry) { return head_manifest(registry, reference.tag); });
}

// What is here need not be asked for, and does not count.
Result<FetchedManifest> Resolver::manifest(const Digest& digest) {
  if (store_.has_blob(digest)) {
    const Result<std::string> text = store_.read_blob(digest, kManifestLimit);
    Result<FetchedManifest> known = text.ok() ? check_manifest({200, {}, text.value()}, digest)
                                              : Result<FetchedManifest>(Error(Code::kNotFound, ""));
    if (known.ok()) return known;
  }
  return each<FetchedManifest>(&Endpoint::with_digests, [&](Registry& registry) {
    return fetch_manifest(registry, digest.to_string(), digest);
  });
}

Result<FetchedManifest> Resolver::child(const Descriptor& descriptor) {
  const std::string name = text::cat("manifest ", descriptor.digest.short_hex());
  if (descriptor.size < 0 || static_cast<uint64_t>(descriptor.size) > kManifestLimit)
    return Error(Code::kInvalid, text::cat("has ", descriptor.size, " bytes, more than ", kManifestLimit))
        .context(name);
  FetchedManifest fetched = TRY(manifest(descriptor.digest));
  if (fetched.text.size() != static_cast<size_t>(descriptor.size)) {
    return Error(Code::kInvalid,
                 text::cat("has ", fetched.text.size(), " bytes, its index says ", descriptor.size))
        .context(name);
  }
  // Of what is here nobody tells the type from outside.
  if (!descriptor.media_type.empty() && fetched.media_type != descriptor.media_type) {
    return Error(Code::kInvalid, text::cat("is of the type ", text::quote(fetched.media_type),
                                           ", its index says ", text::quote(descriptor.media_type)))
        .context(name);
  }
  return fetched;
}

Result<Resolved> Resolver::resolve(const Reference& reference, const std::optional<Digest>& digest,
                                   const PlatformWish& wish) {
  Resolved resolved;
  if (digest) {
    resolved.target = TRY(manifest(*digest));
  } else {
    resolved.target = TRY(each<FetchedManifest>(&Endpoint::with_tags, [&](Registry& registry) {
      return fetch_manifest(registry, reference.tag, {});
    }));
  }
  resolved.manifest = resolved.target;
  while (media::is_index(resolved.manifest.media_type)) {
    if (resolved.indexes.size() == kMaxIndexes)
      return Error(Code::kInvalid, text::cat(reference.familiar(), ": indexes in indexes in indexes"));
    resolved.indexes.push_back(resolved.manifest);
    const auto noun = [&] {
      return text::cat(reference.familiar(), ": index ", resolved.manifest.digest.short_hex());
    };
    const Index index = TRY(read_index(resolved.manifest.text).context(noun));
    const Descriptor* chosen =
        TRY(choose_platform(index, wish).context([&] { return reference.familiar(); }));
    resolved.platform = chosen->platform;
    resolved.manifest = TRY(child(*chosen).context([&] { return reference.familiar(); }));
  }
  return resolved;
}

std::vector<Endpoint> Resolver::sources() const {
  std::vector<Endpoint> sources;
  for (const Endpoint& endpoint : endpoints_) {
    if (endpoint.with_digests && std::ranges::find(failed_, endpoint.name()) == failed_.end())
      sources.push_back(endpoint);
  }
  return sources;
}

Result<Registry*> Resolver::registry() { return client_.open(endpoints_[answered_]); }

}  // namespace estiva::image
