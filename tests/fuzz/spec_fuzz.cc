// SPDX-License-Identifier: Apache-2.0
// Any bytes as each of the OCI documents: no crash, an error has words, and what loads is the same after writing it.
#include <cstdint>
#include <cstdlib>

#include "spec/rows.h"

namespace {

using namespace estiva;

void require(bool holds) {
  if (!holds) std::abort();
}

template <typename T>
void round_trip(const json::Document& document) {
  const Result<T> first = codec::decode<T>(document);
  if (!first.ok()) {
    require(!first.error().parts().message.empty());
    return;
  }
  const std::string text = codec::encode(first.value());
  const Result<T> second = codec::decode<T>(text);
  require(second.ok() && second.value() == first.value() && codec::encode(second.value()) == text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto document = json::Document::parse({reinterpret_cast<const char*>(data), size});
  if (!document.ok()) return 0;
  round_trip<spec::Spec>(document.value());
  round_trip<spec::Process>(document.value());
  round_trip<spec::Resources>(document.value());
  round_trip<spec::State>(document.value());
  round_trip<spec::ContainerProcessState>(document.value());
  round_trip<spec::Features>(document.value());
  return 0;
}
