// SPDX-License-Identifier: Apache-2.0
// Our table of nftables: made once by nft(8), then a published port is an element of one of its maps, put in and taken
// out by messages of our own.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/network/plan.h"
#include "estiva/base/error.h"
#include "estiva/base/inet.h"
#include "estiva/base/netlink.h"

namespace estiva::engine {

// What arrives at an address (empty: any) and port of the host goes to one of a container. Addresses as in inet.h, both
// of the same family.
struct Forward {
  uint8_t protocol = 0;
  std::string at;
  uint16_t port = 0;
  std::string to;
  uint16_t to_port = 0;

  bool is_v6() const { return to.size() == inet::kV6; }
  // At one of them there can only be one.
  bool same_place(const Forward& other) const {
    return protocol == other.protocol && port == other.port && at == other.at && is_v6() == other.is_v6();
  }
};

enum class Change : bool { kAdd, kRemove };
// The messages that make the change, all or nothing; only the last is acknowledged.
std::string change_batch(const std::string& table, Change change, std::span<const Forward> forwards);

class Firewall {
 public:
  static Result<Firewall> open(const NetworkNames& names);

  Result<bool> exists();
  // Anew, without forwards.
  Result<void> make(const Subnet& subnet, const std::string& subnet_v6, FdView lock);
  // Those that other data stand at are replaced.
  Result<void> add(std::span<const Forward> forwards);
  // Missing ones are no error.
  Result<void> remove(std::span<const Forward> forwards);

 private:
  Firewall(NetworkNames names, net::NetlinkSocket socket)
      : names_(std::move(names)), socket_(std::move(socket)) {}

  NetworkNames names_;
  net::NetlinkSocket socket_;
};

}  // namespace estiva::engine
