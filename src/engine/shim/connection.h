// SPDX-License-Identifier: Apache-2.0
// A client's end of cais-shim's socket (estiva/shim_protocol.h).
#pragma once

#include <string>

#include "estiva/base/error.h"
#include "estiva/base/fd.h"
#include "estiva/shim_protocol.h"

namespace estiva::engine {

struct ShimMessage {
  shim::Type type = shim::Type::kHello;
  std::string data;
  bool end = false;  // the shim closed: nothing more comes
};

class ShimConnection {
 public:
  // Says hello and takes the welcome. kNotFound: there is no shim.
  static Result<ShimConnection> open(const std::string& socket, const shim::Hello& hello);

  FdView socket() const { return socket_; }
  const shim::Welcome& welcome() const { return welcome_; }
  Result<void> send(shim::Type type, std::string_view data = {}) const;
  Result<ShimMessage> receive() const;
  // A socket that the shim keeps open, or closes, as long as the container runs.
  Result<void> hold(FdView bound, const shim::Hold& hold) const;
  Result<void> release(const shim::Port& port) const;
  Result<void> release(const shim::PortV6& port) const;
  // Waits for kStarted; the error of kFailed is the runtime's text.
  Result<void> await_started() const;
  // All that comes is dropped up to the exit, or to the end of the connection.
  Result<shim::Exit> await_exit() const;
  void await_end() const;

 private:
  Result<void> await_done() const;
  Fd socket_;
  shim::Welcome welcome_ = {};
};

// How long a container may wait for us at most; milliseconds.
inline constexpr uint32_t kPatience = 10'000;

}  // namespace estiva::engine
