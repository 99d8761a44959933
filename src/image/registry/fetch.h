// SPDX-License-Identifier: Apache-2.0
// Layers from a registry into the store, several at once on one thread: each goes from source to source, from byte to
// byte where it was cut off, and waits where another command is fetching the same. The store checks what came.
#pragma once

#include <vector>

#include "image/progress.h"
#include "image/registry/client.h"
#include "image/store/session.h"

namespace estiva::image {

struct LayerWant {
  Descriptor blob;  // size 0: not known
  Digest diff_id;   // empty: not known
};

struct FetchOptions {
  unsigned parallel = 4;
};

// What all layers of a pull share.
struct FetchContext {
  Client& client;
  Session& session;
  std::vector<Endpoint> sources;  // where to ask, one after another
  Watcher& watcher;
};

// In the order of `wants`. On an error what has come so far stays for the next command.
Result<std::vector<LayerRecord>> fetch_layers(FetchContext context, const std::vector<LayerWant>& wants,
                                              const FetchOptions& options);

// A small blob, whole and checked.
Result<std::string> fetch_blob(Registry& registry, const Descriptor& blob, size_t limit);

// ---- pure

// What an answer to "bytes from `offset` on" (0: all) of a blob of `size` bytes (0: not known) means. True: go on at
// `offset`; false: all of it comes, from the start.
Result<bool> check_partial(const Response& response, uint64_t offset, uint64_t size);

}  // namespace estiva::image
