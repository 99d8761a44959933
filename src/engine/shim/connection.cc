// SPDX-License-Identifier: Apache-2.0
// Messages to and from cais-shim.
#include "engine/shim/connection.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include "estiva/base/netlink.h"
#include "estiva/base/sys_socket.h"
#include "estiva/base/text.h"

namespace estiva::engine {

using shim::Type;

Result<ShimConnection> ShimConnection::open(const std::string& socket, const shim::Hello& hello) {
  ShimConnection out;
  out.socket_ = TRY(sys::unix_socket(SOCK_SEQPACKET));
  const Result<void> connected = sys::connect_unix(out.socket_, socket);
  if (!connected.ok()) return Error(Code::kNotFound, text::cat("nobody answers at ", socket));
  shim::Hello said = hello;
  said.version = shim::kVersion;
  TRY(out.send(Type::kHello, shim::bytes_of(said)));
  // The container's end is often waited for next, and its port is taken out of the firewall then.
  net::NetlinkSocket::close_slow();
  const ShimMessage first = TRY(out.receive());
  const auto welcome = shim::read_front<shim::Welcome>(first.data);
  if (first.type != Type::kWelcome || !welcome)
    return Error(Code::kNotFound, text::cat("no shim answers at ", socket));
  out.welcome_ = *welcome;
  return out;
}

Result<void> ShimConnection::send(Type type, std::string_view data) const {
  return sys::send_message(socket_, text::cat(static_cast<char>(type), data));
}

Result<ShimMessage> ShimConnection::receive() const {
  Result<sys::Received> received = sys::receive_message(socket_, shim::kMaxData + 1);
  ShimMessage out;
  // Reset: it ended with something of ours unread.
  const bool reset = !received.ok() && received.error().errnum() == ECONNRESET;
  if (reset || (received.ok() && received.value().end)) {
    out.end = true;
    return out;
  }
  const std::string data = std::move(TRY(std::move(received)).data);
  out.type = static_cast<Type>(data[0]);
  out.data = data.substr(1);
  return out;
}

Result<void> ShimConnection::hold(FdView bound, const shim::Hold& hold) const {
  const std::string message = text::cat(static_cast<char>(Type::kHold), shim::bytes_of(hold));
  TRY(sys::send_message(socket_, message, bound));
  return await_done();
}

Result<void> ShimConnection::release(const shim::Port& port) const {
  TRY(send(Type::kRelease, shim::bytes_of(port)));
  return await_done();
}

Result<void> ShimConnection::release(const shim::PortV6& port) const {
  TRY(send(Type::kReleaseV6, shim::bytes_of(port)));
  return await_done();
}

// A shim of an earlier version says nothing to what it does not know.
Result<void> ShimConnection::await_done() const {
  for (;;) {
    struct pollfd watched[] = {{socket_.number(), POLLIN, 0}};
    if (TRY(sys::poll(watched, kPatience)) == 0)
      return Error(Code::kState, "its cais-shim does not answer")
          .hint("a cais-shim of an earlier version can't: restart the container");
    const ShimMessage message = TRY(receive());
    if (message.end || message.type == Type::kExit) return Error(Code::kState, "the container ended");
    if (message.type == Type::kDone) return {};
    if (message.type == Type::kFailed) return Error(Code::kSystem, message.data);
  }
}

Result<void> ShimConnection::await_started() const {
  for (;;) {
    const ShimMessage message = TRY(receive());
    if (message.end) return Error(Code::kInternal, "the shim ended before the container was started");
    if (message.type == Type::kStarted) return {};
    if (message.type == Type::kFailed) return Error(Code::kSystem, message.data);
    // What the shim becomes now waits for the lock that we hold; we must not wait for that.
    if (message.type == Type::kExit)
      return Error(Code::kSystem, "the container's process ended before it was started");
  }
}

Result<shim::Exit> ShimConnection::await_exit() const {
  for (;;) {
    const ShimMessage message = TRY(receive());
    if (message.end) return Error(Code::kNotFound, "the shim ended");
    if (message.type != Type::kExit) continue;
    if (const auto exit = shim::read_front<shim::Exit>(message.data)) return *exit;
  }
}

void ShimConnection::await_end() const {
  for (;;) {
    const Result<ShimMessage> message = receive();
    if (!message.ok() || message.value().end) return;
  }
}

}  // namespace estiva::engine
