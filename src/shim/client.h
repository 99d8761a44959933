// SPDX-License-Identifier: Apache-2.0
// A connection of a client: what it wants, and what waits to be sent to it. Runs in cais-shim.
#pragma once

#include <string>
#include <string_view>

#include "estiva/base/fd.h"
#include "estiva/shim_protocol.h"
#include "shim/target.h"

namespace estiva::shim {

class Client {
 public:
  explicit Client(Fd socket) : socket_(std::move(socket)) {}

  FdView socket() const { return socket_; }
  bool gone() const { return gone_; }
  void leave() { gone_ = true; }

  // Sent in order, and as soon as there is room for it.
  void send(Type type, std::string_view data);
  void send_replay();
  // Output of its target; left out and counted while the client is late.
  void send_output(Type type, std::string_view data);
  void flush();
  bool busy() const { return !queue_.empty(); }
  // Milliseconds that the target still waits for it: -1 for ever, 0 not at all.
  int64_t patience_left(int64_t now) const;

  Target* target = nullptr;  // null: it has not said hello
  Hello hello = {};
  bool gave_input = false;

 private:
  bool try_send(std::string_view packet);
  void tell_lost();

  Fd socket_;
  bool gone_ = false;
  std::string queue_;  // packets, each behind its size (uint32_t)
  int64_t busy_since_ = 0;
  uint64_t lost_ = 0;
};

}  // namespace estiva::shim
