// SPDX-License-Identifier: Apache-2.0
// When to ask again.
#include "image/registry/backoff.h"

#include <algorithm>

namespace estiva::image {

Backoff::Next Backoff::after(uint64_t progress, std::optional<int64_t> asked_s, uint32_t dice) {
  if (progress >= kProgressBytes) failures_ = 0;
  if (failures_ >= policy_.retries) return {};
  const unsigned doublings = std::min(failures_, 16u);
  ++failures_;
  const int64_t base = std::min(policy_.first_ms << doublings, policy_.longest_ms);
  // A quarter to either side, so that many clients of one outage do not come back together.
  const int64_t wait = base * 3 / 4 + static_cast<int64_t>(dice) % (base / 2 + 1);
  if (asked_s) {
    // Divided, not multiplied: a server's number may be as large as it likes.
    if (*asked_s > policy_.patience_ms / 1000) return {};
    return {true, std::max(wait, *asked_s * 1000)};
  }
  return {true, progress >= kProgressBytes ? 0 : wait};
}

}  // namespace estiva::image
