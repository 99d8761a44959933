// SPDX-License-Identifier: Apache-2.0
// Pull: from a name to an image in the store. What is here already is not asked for again; what the registry counts
// (manifests) is asked for only when a HEAD says that it is new.
#pragma once

#include "image/registry/fetch.h"
#include "image/registry/platform.h"

namespace estiva::image {

struct PullOptions {
  PlatformWish wish = local_platform();
  FetchOptions fetch;
};

struct Pulled {
  Digest target;  // what the name means at the registry: what to pin
  Digest manifest;
  bool newer = false;  // something was not here before
};

// Tells what it does to the watcher, in docker's words. Whether it is on disk is the caller's question (Session::sync).
Result<Pulled> pull(Client& client, Session& session, const Reference& reference, const PullOptions& options,
                    Watcher& watcher);

// The name that a store keeps for a reference: without the digest where there is a tag.
std::string stored_name(const Reference& reference);

}  // namespace estiva::image
