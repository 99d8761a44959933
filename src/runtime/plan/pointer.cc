// SPDX-License-Identifier: Apache-2.0
// Parts of JSON pointers.
#include "runtime/plan/pointer.h"

namespace estiva::plan {

std::string escape_pointer(std::string_view key) {
  std::string out;
  for (const char c : key) {
    if (c == '~') out += "~0";
    if (c == '/') out += "~1";
    if (c != '~' && c != '/') out += c;
  }
  return out;
}

}  // namespace estiva::plan
