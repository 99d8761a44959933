// SPDX-License-Identifier: Apache-2.0
// Datagrams of IPv6 with the way back to who sent them.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

#include "estiva/base/error.h"
#include "estiva/base/fd.h"

namespace estiva::sys {

struct DatagramPeer {
  std::string address;  // inet.h
  uint16_t port = 0;
  uint32_t scope = 0;  // the device, of an address that is a link's own
  std::string own;     // which of our addresses it wrote to: an answer must come from there; empty: not known
  auto operator<=>(const DatagramPeer&) const = default;
};

// From now on, and of what has arrived, `own` is known (IPV6_RECVPKTINFO).
Result<void> tell_own_address(FdView socket);
// One, without waiting: its size, which may be 0, or nothing when there is none. What is too long is cut.
Result<std::optional<size_t>> try_receive_from(FdView socket, void* buffer, size_t size, DatagramPeer& peer);
// False when there is no room for it now.
Result<bool> try_send_to(FdView socket, std::string_view data, const DatagramPeer& peer);

}  // namespace estiva::sys
