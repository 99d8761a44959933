// SPDX-License-Identifier: Apache-2.0
// Digests by libcrypto: its plain functions, which OpenSSL 3 calls deprecated. The EVP interface reads openssl.cnf and sets
// up providers first, 1.5 ms for each command that hashes a name (docs/adr/0052).
#include "image/digest.h"

#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>
#include <stdlib.h>

#include <algorithm>

#include "estiva/base/text.h"

namespace estiva::image {

namespace {

struct Known {
  Algorithm algorithm;
  std::string_view name;  // in a digest
  size_t digits;
};
constexpr Known kKnown[] = {{Algorithm::kSha256, "sha256", 2 * SHA256_DIGEST_LENGTH},
                            {Algorithm::kSha512, "sha512", 2 * SHA512_DIGEST_LENGTH}};

const Known& known(Algorithm algorithm) { return kKnown[static_cast<size_t>(algorithm)]; }

bool is_digit(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

}  // namespace

Result<Digest> Digest::parse(std::string_view text) {
  const size_t colon = text.find(':');
  const std::string_view name = text.substr(0, colon);
  const auto found = std::ranges::find(kKnown, name, &Known::name);
  if (colon == std::string_view::npos || found == std::end(kKnown))
    return Error(Code::kInvalid, text::cat(text::quote(text), " is no digest: sha256:... or sha512:..."));
  const std::string_view hex = text.substr(colon + 1);
  if (hex.size() != found->digits || !std::ranges::all_of(hex, is_digit)) {
    return Error(Code::kInvalid, text::cat(text::quote(text), " is no digest: ", found->name, " takes ",
                                           found->digits, " digits of 0-9 and a-f"));
  }
  return Digest(found->algorithm, std::string(hex));
}

std::string_view Digest::algorithm_name() const { return known(algorithm_).name; }

std::string Digest::to_string() const { return empty() ? "" : text::cat(algorithm_name(), ":", hex_); }

struct Hasher::State {
  Algorithm algorithm;
  union {
    SHA256_CTX sha256;
    SHA512_CTX sha512;
  };
  explicit State(Algorithm given) : algorithm(given) { begin(); }
  void begin() { algorithm == Algorithm::kSha256 ? SHA256_Init(&sha256) : SHA512_Init(&sha512); }
};

Hasher::Hasher(Algorithm algorithm) : state_(std::make_unique<State>(algorithm)) {}
Hasher::Hasher(Hasher&&) noexcept = default;
Hasher& Hasher::operator=(Hasher&&) noexcept = default;
Hasher::~Hasher() = default;

void Hasher::update(const void* data, size_t size) {
  state_->algorithm == Algorithm::kSha256 ? SHA256_Update(&state_->sha256, data, size)
                                          : SHA512_Update(&state_->sha512, data, size);
}

Digest Hasher::finish() {
  unsigned char bytes[SHA512_DIGEST_LENGTH];
  state_->algorithm == Algorithm::kSha256 ? SHA256_Final(bytes, &state_->sha256)
                                          : SHA512_Final(bytes, &state_->sha512);
  state_->begin();
  std::string hex;
  for (size_t i = 0; i < known(state_->algorithm).digits / 2; ++i) {
    constexpr char kDigits[] = "0123456789abcdef";
    hex += kDigits[bytes[i] >> 4];
    hex += kDigits[bytes[i] & 15];
  }
  return Digest(state_->algorithm, std::move(hex));
}

Digest digest_of(std::string_view content, Algorithm algorithm) {
  Hasher hasher(algorithm);
  hasher.update(content);
  return hasher.finish();
}

}  // namespace estiva::image
