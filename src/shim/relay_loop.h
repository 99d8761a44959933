// SPDX-License-Identifier: Apache-2.0
// The loop of the relay's process (relay.h): accepts, connects to the container, passes bytes both ways. What it reads
// is a stranger's; nothing of it is looked at.
#pragma once

#include <poll.h>

#include <cstdint>
#include <string>
#include <vector>

#include "estiva/base/error.h"
#include "estiva/base/fd.h"
#include "shim/datagrams.h"

namespace estiva::shim {

class RelayLoop {
 public:
  // `addresses`: as in inet.h. `control`: a byte asks to close the listeners, and is sent back; its end is the shim's.
  RelayLoop(std::vector<Listener> listeners, Datagrams datagrams, std::vector<std::string> addresses,
            FdView control)
      : listeners_(std::move(listeners)),
        datagrams_(std::move(datagrams)),
        addresses_(std::move(addresses)),
        control_(control) {}

  // Until there is nothing more to do.
  Result<void> run();

 private:
  struct Way {
    std::string left;    // read and not yet written
    bool ended = false;  // no more is read
    bool over() const { return ended && left.empty(); }
  };
  struct Connection {
    Fd client, server;
    uint16_t port = 0;
    size_t tried = 0;  // addresses
    bool connected = false;
    Way up, down;  // to the server, to the client
    bool broken = false;
    bool over() const { return broken || (up.over() && down.over()); }
  };

  Result<void> prepare();
  int gather(int64_t now);
  void watch(FdView what, bool reads, bool writes, bool over);
  void accept(const Listener& listener, int64_t now);
  void connect_next(Connection& connection);
  void serve(Connection& connection, short client, short server);
  void read_control(int64_t now);

  bool idle() const { return connections_.empty() && datagrams_.empty(); }

  std::vector<Listener> listeners_;
  Datagrams datagrams_;
  const std::vector<std::string> addresses_;
  const FdView control_;
  std::vector<Connection> connections_;
  std::vector<struct pollfd> polled_;  // control, listeners, two for each connection, datagrams
  size_t most_ = 0;                    // connections
  int64_t pause_until_ = 0;            // with accepting
  int64_t deadline_ = 0;               // 0: the shim lives
};

}  // namespace estiva::shim
