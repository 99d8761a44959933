// SPDX-License-Identifier: Apache-2.0
// Sockets, terminals, polling and signals as descriptors.
#pragma once

#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "estiva/base/error.h"
#include "estiva/base/fd.h"
#include "estiva/base/sys.h"

namespace estiva::sys {

struct SocketPair {
  Fd first, second;
};
// AF_UNIX; `type` is SOCK_STREAM, SOCK_SEQPACKET or SOCK_DGRAM.
Result<SocketPair> socketpair(int type);
Result<Fd> unix_socket(int type);
// `path` at most 107 bytes: a longer one is reached as /proc/self/fd/N/name (unix(7)). With a NUL in front: an
// abstract name.
Result<void> bind_unix(FdView socket, std::string_view path);
Result<void> connect_unix(FdView socket, std::string_view path);
Result<void> listen(FdView socket, int backlog);
Result<Fd> accept(FdView socket);
// One message with at most one descriptor (SCM_RIGHTS); EPIPE is an error, never a signal.
Result<void> send_message(FdView socket, std::string_view data, FdView fd = FdView::of_number(-1));
struct Received {
  std::string data;
  Fd fd;
  pid_t sender = 0;  // with tell_senders: its number in our pid namespace
  bool end = false;  // the peer closed
};
// Messages that are received from now on say which process sent them, by the kernel's word (SO_PASSCRED).
Result<void> tell_senders(FdView socket);
// A message longer than `limit` is an error.
Result<Received> receive_message(FdView socket, size_t limit);

// Of our network namespace, with the kernel's reasons for errors (Linux 4.12) and without copies of what they answer.
Result<Fd> netlink_socket(int protocol);
struct InetName {
  int type = 0;         // SOCK_STREAM, SOCK_DGRAM
  std::string address;  // inet.h
  uint16_t port = 0;
  bool operator==(const InetName&) const = default;
};
// Bound there and nowhere else: at [::] IPv4 is not meant. A SOCK_STREAM listens, so that nobody else can. The port 0 is
// any that is free. It never blocks.
Result<Fd> bound_inet_socket(const InetName& name, int backlog = 0);
Result<InetName> inet_name(FdView socket);
// On its way there; it does not block. Once a SOCK_STREAM can be written to, socket_error() tells how that went.
Result<Fd> connecting_inet_socket(const InetName& to);
// errno; 0: none.
Result<int> socket_error(FdView socket);
// For one that only passes on: nothing waits to be sent with more, and who has gone unseen is noticed.
Result<void> set_passing_on(FdView socket);
// The peer reads an end.
Result<void> end_output(FdView socket);

// One message of all parts, without waiting; false when the peer's queue has no room for it now.
Result<bool> try_send(FdView socket, std::span<const struct iovec> parts);
// One message, without waiting: its size, 0 when the peer closed, nothing when there is none. A longer one is an error.
// `passed`: the descriptor that came with it, if one did.
Result<std::optional<size_t>> try_receive(FdView socket, void* buffer, size_t size, Fd& passed);

// Sets IFF_UP (netdevice(7)) in our network namespace. `name` is shorter than IFNAMSIZ.
Result<void> bring_up_interface(const char* name);

// poll(2); -1 waits for ever. Returns the number of ready descriptors; EINTR is retried with the same time.
Result<int> poll(std::span<struct pollfd> fds, int timeout_ms);
// A counter of 8 bytes that never blocks (eventfd(2)).
Result<Fd> eventfd();
Result<Fd> signalfd(const sigset_t& mask);
Result<sigset_t> block_signals(const sigset_t& mask);
Result<void> set_signal_mask(const sigset_t& mask);

Result<Fd> tty_peer(FdView master, int flags);  // TIOCGPTPEER, Linux 4.13
Result<void> tty_unlock(FdView master);
Result<unsigned> tty_number(FdView master);
Result<struct winsize> tty_size(FdView tty);
Result<void> tty_set_size(FdView tty, const struct winsize& size);
Result<void> tty_make_controlling(FdView tty);
Result<struct termios> tty_attributes(FdView tty);
Result<void> tty_set_attributes(FdView tty, const struct termios& attributes);

}  // namespace estiva::sys
