// SPDX-License-Identifier: Apache-2.0
// One blob to a registry: there already, mounted from another of its repositories, or sent as a whole. An attempt that
// breaks off is begun anew with a session of its own, since nobody knows what became of the old one.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "image/progress.h"
#include "image/registry/client.h"

namespace estiva::image {

// Whether the repository has it. Not an error: it does not tell.
Result<bool> has_blob(Registry& registry, const Digest& digest);

// Asks for the blob of another repository of the registry. False: it is not to be had so.
Result<bool> mount_blob(Registry& registry, const Digest& digest, const std::string& from);

struct BlobUpload {
  Digest digest;
  Upload content;
  // Called with the reason and the wait in seconds before each further attempt.
  std::function<void(const std::string& trouble, uint64_t seconds)> wait;
};
Result<void> send_blob(Registry& registry, const BlobUpload& blob);

}  // namespace estiva::image
