// SPDX-License-Identifier: Apache-2.0
// How long something may still take.
#pragma once

#include <algorithm>
#include <chrono>

namespace estiva::cgroup {

class Deadline {
 public:
  explicit Deadline(int timeout_ms) : end_(Clock::now() + std::chrono::milliseconds(timeout_ms)) {}
  // Milliseconds, rounded up, at least 0.
  int remaining() const {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end_ - Clock::now()).count();
    return static_cast<int>(std::max<decltype(left)>(left, 0));
  }
  bool passed() const { return remaining() == 0; }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point end_;
};

}  // namespace estiva::cgroup
