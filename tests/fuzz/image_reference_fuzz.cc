// SPDX-License-Identifier: Apache-2.0
// Any bytes as the name of an image: no crash, an error has words fit for a terminal, and what is a name means the
// same when it is written and read again.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "image/reference.h"

namespace {

using namespace estiva;

void require(bool holds) {
  if (!holds) std::abort();
}

bool is_plain(const std::string& text) {
  return std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7f; });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Result<image::Reference> first = image::Reference::parse(text);
  if (!first.ok()) {
    require(!first.error().parts().message.empty() && is_plain(first.error().to_string()));
    return 0;
  }
  const image::Reference& reference = first.value();
  require(!reference.host.empty() && !reference.path.empty() &&
          !(reference.tag.empty() && reference.digest.empty()));
  require(reference.path.find("..") == std::string::npos && is_plain(reference.full()));
  for (const std::string& written : {reference.full(), reference.familiar()}) {
    const Result<image::Reference> second = image::Reference::parse(written);
    require(second.ok() && second.value() == reference);
  }
  return 0;
}
