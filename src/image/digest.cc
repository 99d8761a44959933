// SPDX-License-Identifier: Apache-2.0
// Digests by libcrypto. The algorithms are fetched once: OpenSSL 3.0 looks one up for milliseconds otherwise.
#include "image/digest.h"

#include <openssl/evp.h>
#include <stdlib.h>

#include <algorithm>

#include "estiva/base/text.h"

namespace estiva::image {

namespace {

struct Known {
  Algorithm algorithm;
  std::string_view name;  // in a digest
  const char* evp;        // in OpenSSL
  size_t digits;
};
constexpr Known kKnown[] = {{Algorithm::kSha256, "sha256", "SHA256", 64},
                            {Algorithm::kSha512, "sha512", "SHA512", 128}};

const Known& known(Algorithm algorithm) { return kKnown[static_cast<size_t>(algorithm)]; }

const EVP_MD* method(Algorithm algorithm) {
  static EVP_MD* const kMethods[] = {EVP_MD_fetch(nullptr, kKnown[0].evp, nullptr),
                                     EVP_MD_fetch(nullptr, kKnown[1].evp, nullptr)};
  return kMethods[static_cast<size_t>(algorithm)];
}

bool is_digit(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

// libcrypto fails here only when it can't be used at all, or without memory.
void require(int ok) {
  if (ok != 1) abort();
}

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
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  explicit State(Algorithm given) : algorithm(given) { begin(); }
  ~State() { EVP_MD_CTX_free(context); }
  void begin() const { require(EVP_DigestInit_ex2(context, method(algorithm), nullptr)); }
};

Hasher::Hasher(Algorithm algorithm) : state_(std::make_unique<State>(algorithm)) {}
Hasher::Hasher(Hasher&&) noexcept = default;
Hasher& Hasher::operator=(Hasher&&) noexcept = default;
Hasher::~Hasher() = default;

void Hasher::update(const void* data, size_t size) { require(EVP_DigestUpdate(state_->context, data, size)); }

Digest Hasher::finish() {
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  require(EVP_DigestFinal_ex(state_->context, bytes, &size));
  state_->begin();
  std::string hex;
  for (unsigned i = 0; i < size; ++i) {
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
