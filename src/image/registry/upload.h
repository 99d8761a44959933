// SPDX-License-Identifier: Apache-2.0
// One blob to a registry: there already, mounted from another of its repositories, or sent: a small one as a whole, a large one
// in pieces, so that after a break only what has not arrived is sent again, where the registry keeps what it has got. Of
// a session that is gone nobody knows what became; then the blob is asked for, and sent anew if it is not there.
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

// What is sent by one PATCH. Below what registries are known to take (20 MiB), far above what a round trip costs.
inline constexpr uint64_t kUploadPiece = 16 << 20;

struct BlobUpload {
  Digest digest;
  Upload content;
  // Called with the reason and the wait in seconds before each further attempt.
  std::function<void(const std::string& trouble, uint64_t seconds)> wait;
};
Result<void> send_blob(Registry& registry, const BlobUpload& blob);

}  // namespace estiva::image
