// SPDX-License-Identifier: Apache-2.0
// Where random profiles and calls come from: a seed, or the bytes of a fuzzer, which thereby decides every choice.
#pragma once

#include <cstdint>
#include <span>

namespace estiva {

class Choices {
 public:
  explicit Choices(uint64_t seed) : state_(seed) {}
  explicit Choices(std::span<const uint8_t> bytes) : bytes_(bytes) {}

  // Below `count`.
  uint64_t below(uint64_t count) { return next() % count; }
  bool one_in(uint64_t count) { return below(count) == 0; }
  template <typename T, size_t N>
  const T& of(const T (&list)[N]) {
    return list[below(N)];
  }
  template <typename T>
  const T& of(const std::vector<T>& list) {
    return list[below(list.size())];
  }

  uint64_t next() {
    if (!bytes_.empty()) return from_bytes();
    // splitmix64
    uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

 private:
  // Two bytes at a time; when there are no more, the seed that they have made goes on.
  uint64_t from_bytes() {
    uint64_t value = 0;
    for (int i = 0; i < 2 && !bytes_.empty(); ++i) {
      value = value << 8 | bytes_.front();
      bytes_ = bytes_.subspan(1);
    }
    state_ = (state_ ^ value) * 0x100000001b3;
    return value;
  }

  uint64_t state_ = 0xcbf29ce484222325;
  std::span<const uint8_t> bytes_;
};

}  // namespace estiva
