// SPDX-License-Identifier: Apache-2.0
// When to ask again: how often, how long after, and when at once. Pure; the clock and the dice are the caller's.
#pragma once

#include <cstdint>
#include <optional>

namespace estiva::image {

struct RetryPolicy {
  unsigned retries = 5;     // in a row without progress
  int64_t first_ms = 1000;  // before the first; twice as long before each further one
  int64_t longest_ms = 60'000;
  // A server that wants to be left alone for longer gets an error in place of a wait.
  int64_t patience_ms = 120'000;
};
// A body that came so far was no waste: the next attempt follows at once, and the count begins anew.
inline constexpr uint64_t kProgressBytes = 1 << 20;

class Backoff {
 public:
  explicit Backoff(const RetryPolicy& policy) : policy_(policy) {}

  struct Next {
    bool again = false;
    int64_t wait_ms = 0;
  };
  // After an attempt that ended by a transient failure. `progress`: bytes of the body that it brought; `asked_s`: of
  // Retry-After; `dice`: any number.
  Next after(uint64_t progress, std::optional<int64_t> asked_s, uint32_t dice);
  unsigned failures() const { return failures_; }

 private:
  RetryPolicy policy_;
  unsigned failures_ = 0;  // in a row
};

}  // namespace estiva::image
