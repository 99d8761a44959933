// SPDX-License-Identifier: Apache-2.0
// Any bytes as an image's documents: no crash, an error has words, and what is read is the same after writing it.
#include <cstdint>
#include <cstdlib>

#include "image/documents.h"

namespace {

using namespace estiva;
using namespace estiva::image;

void require(bool holds) {
  if (!holds) std::abort();
}

template <typename T>
void round_trip(std::string_view text, Result<T> (*read)(std::string_view)) {
  const Result<T> first = read(text);
  if (!first.ok()) {
    require(!first.error().parts().message.empty());
    return;
  }
  const std::string written = codec::encode(first.value());
  const Result<T> second = read(written);
  require(second.ok() && second.value() == first.value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  // Never both: what is signed as one must not be read as the other.
  require(!(read_manifest(text).ok() && read_index(text).ok()));
  round_trip(text, read_manifest);
  round_trip(text, read_index);
  round_trip(text, read_config);
  return 0;
}
