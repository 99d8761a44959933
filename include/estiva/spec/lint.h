// SPDX-License-Identifier: Apache-2.0
// What a config.json says that nobody heeds: the decoder passes over such properties, as the specification demands, and
// they are often spelling mistakes. Reads the rows that the decoder reads.
#pragma once

#include <string>
#include <vector>

#include "estiva/base/json.h"

namespace estiva::spec {

enum class Oddity {
  kUnknown,
  kOtherPlatform,
  kRemoved,     // of an older version of the specification
  kDeprecated,  // still heeded
  kTwice,       // the last one counts
};

struct OddProperty {
  Oddity what;
  std::string pointer;  // JSON pointer
  std::string similar;  // the property that may be meant; empty: none
};

// In the order of the document. Values of a wrong type are left to the decoder.
std::vector<OddProperty> find_odd_properties(const json::Document& config);

}  // namespace estiva::spec
