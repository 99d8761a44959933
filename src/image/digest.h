// SPDX-License-Identifier: Apache-2.0
// Digest: the name of content ("sha256:..."), valid by construction, so that it may stand in a path (CVE-2024-3727).
// Hasher: the same in the making, for content that passes by in pieces.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "estiva/base/error.h"

namespace estiva::image {

enum class Algorithm : uint8_t { kSha256, kSha512 };

class Digest {
 public:
  Digest() = default;  // empty: no digest yet
  // "sha256:" and 64 or "sha512:" and 128 lower-case hexadecimal digits; nothing else.
  static Result<Digest> parse(std::string_view text);
  // `hex` has the algorithm's length.
  Digest(Algorithm algorithm, std::string hex) : algorithm_(algorithm), hex_(std::move(hex)) {}

  bool empty() const { return hex_.empty(); }
  Algorithm algorithm() const { return algorithm_; }
  std::string_view algorithm_name() const;
  const std::string& hex() const { return hex_; }
  // The first 12 digits, as people see them.
  std::string short_hex() const { return hex_.substr(0, 12); }
  std::string to_string() const;
  bool operator==(const Digest&) const = default;
  auto operator<=>(const Digest&) const = default;

 private:
  Algorithm algorithm_ = Algorithm::kSha256;
  std::string hex_;
};

class Hasher {
 public:
  explicit Hasher(Algorithm algorithm = Algorithm::kSha256);
  Hasher(Hasher&&) noexcept;
  Hasher& operator=(Hasher&&) noexcept;
  ~Hasher();

  void update(const void* data, size_t size);
  void update(std::string_view data) { update(data.data(), data.size()); }
  // The digest of all that was given; the hasher begins anew.
  Digest finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

Digest digest_of(std::string_view content, Algorithm algorithm = Algorithm::kSha256);

}  // namespace estiva::image
