// SPDX-License-Identifier: Apache-2.0
// Sockets of published ports that the shim holds. Runs in cais-shim.
#pragma once

#include <cstdint>
#include <list>
#include <optional>
#include <string_view>

#include "estiva/base/fd.h"
#include "estiva/base/text.h"

namespace estiva::shim {

struct Held {
  Fd socket;
  uint16_t port = 0;  // of the container, where what comes is passed on to; 0: it is only held
};

struct HeldNumber {
  int number = -1;
  uint16_t port = 0;
};
// Of Conf::held.
inline std::optional<HeldNumber> parse_held(std::string_view text) {
  const size_t colon = text.find(':');
  const auto number = text::number<int>(text.substr(0, colon));
  const auto port = colon == text.npos ? uint16_t{0} : text::number<uint16_t>(text.substr(colon + 1));
  if (!number || *number <= 2 || !port || (colon != text.npos && *port == 0)) return std::nullopt;
  return HeldNumber{*number, *port};
}

}  // namespace estiva::shim
