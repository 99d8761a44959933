// SPDX-License-Identifier: Apache-2.0
// Addresses of IPv4 and IPv6.
#include "estiva/base/inet.h"

#include <arpa/inet.h>
#include <sys/socket.h>

namespace estiva::inet {

std::optional<std::string> parse(std::string_view text) {
  const bool v6 = text.find(':') != text.npos;
  if (text.find('\0') != text.npos) return std::nullopt;
  char bytes[kV6];
  if (::inet_pton(v6 ? AF_INET6 : AF_INET, std::string(text).c_str(), bytes) != 1) return std::nullopt;
  return std::string(bytes, v6 ? kV6 : kV4);
}

std::string text(std::string_view bytes) {
  char out[INET6_ADDRSTRLEN];
  if (bytes.size() != kV4 && bytes.size() != kV6) return "";
  return ::inet_ntop(bytes.size() == kV6 ? AF_INET6 : AF_INET, bytes.data(), out, sizeof out);
}

}  // namespace estiva::inet
