// SPDX-License-Identifier: Apache-2.0
// Datagrams of the relay (relay.h). Each client has a socket of its own to the container, so that answers find their
// way, for as long as it is not quiet. What there is room for is limited: then the one that was quiet longest goes.
#pragma once

#include <poll.h>

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "estiva/base/error.h"
#include "estiva/base/fd.h"
#include "estiva/base/sys_datagram.h"

namespace estiva::shim {

struct Listener {
  Fd socket;
  uint16_t port = 0;
};

class Datagrams {
 public:
  // `addresses`: as in inet.h; the first is tried first. `most`: clients.
  Datagrams(std::vector<Listener> sockets, std::vector<std::string> addresses, size_t most);

  bool listens() const { return !sockets_.empty(); }
  bool empty() const { return flows_.empty(); }
  // All sockets are closed, clients' too: they have no way back any more.
  void let_go();

  // Adds to the list for poll(2); serve() takes what became of that part, in the same order.
  void watch(std::vector<struct pollfd>& polled) const;
  void serve(std::span<const struct pollfd> polled, int64_t now);
  // Those that have been quiet for long.
  void sweep(int64_t now);
  // Milliseconds until the next is; -1: there is none.
  int64_t time_left(int64_t now) const;

 private:
  struct Socket {
    Listener own;
    size_t address = 0;  // where somebody listened
  };
  using Key = std::pair<size_t, sys::DatagramPeer>;  // the socket by number, the client
  struct Flow {
    Fd server;
    int64_t used = 0;
  };
  using Flows = std::map<Key, Flow>;

  Flow* flow_of(const Key& key, int64_t now);
  Result<Fd> connect(Socket& socket);
  void refused(const Key& key);
  void take(size_t socket, int64_t now);
  void pass_on(const Key& key, std::string_view data, int64_t now);
  bool pass_back(const Key& key, Flow& flow, int64_t now);

  std::vector<Socket> sockets_;
  std::vector<std::string> addresses_;
  size_t most_;
  Flows flows_;
};

}  // namespace estiva::shim
