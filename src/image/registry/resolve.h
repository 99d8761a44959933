// SPDX-License-Identifier: Apache-2.0
// From a name to the manifest of one image for one platform: mirrors and the registry in their order, the digest by
// HEAD first, indexes down to their image. Nothing is written.
#pragma once

#include <optional>
#include <vector>

#include "image/progress.h"
#include "image/registry/manifests.h"
#include "image/registry/platform.h"
#include "image/store/store.h"

namespace estiva::image {

struct Resolved {
  FetchedManifest target;                // what the name means: an index or a manifest
  std::vector<FetchedManifest> indexes;  // those on the way, the target first if it is one
  FetchedManifest manifest;              // the image's
  std::optional<Platform> platform;      // that the index says it is for
};

class Resolver {
 public:
  // `store`: manifests that are there are not asked for.
  Resolver(Client& client, const Store& store, Watcher& watcher, std::vector<Endpoint> endpoints)
      : client_(client), store_(store), watcher_(watcher), endpoints_(std::move(endpoints)) {}

  // What the tag or digest means, if that can be said without a manifest.
  Result<std::optional<Digest>> find_digest(const Reference& reference);
  // `digest`: from find_digest; without one, the tag is asked for.
  Result<Resolved> resolve(const Reference& reference, const std::optional<Digest>& digest,
                           const PlatformWish& wish);

  // Endpoints that answered, or were not asked yet: where blobs may be had.
  std::vector<Endpoint> sources() const;
  // The one that answered last.
  Result<Registry*> registry();

 private:
  // Asks those that `takes` this question, one after another, until there is an answer.
  template <typename Answer>
  Result<Answer> each(bool Endpoint::*takes, const std::function<Result<Answer>(Registry&)>& question);
  Result<FetchedManifest> manifest(const Digest& digest);
  Result<FetchedManifest> child(const Descriptor& descriptor);

  Client& client_;
  const Store& store_;
  Watcher& watcher_;
  std::vector<Endpoint> endpoints_;
  std::vector<std::string> failed_;  // names of endpoints
  size_t answered_ = 0;
};

}  // namespace estiva::image
