// SPDX-License-Identifier: Apache-2.0
// Addresses of IPv4 and IPv6 as texts and as the bytes that sockets and netlink have: 4 or 16, in network order.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace estiva::inet {

inline constexpr size_t kV4 = 4, kV6 = 16;

// Nothing for anything but an address, a zone (%eth0) behind it included.
std::optional<std::string> parse(std::string_view text);
// In the shortest form (RFC 5952).
std::string text(std::string_view bytes);

}  // namespace estiva::inet
