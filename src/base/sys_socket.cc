// SPDX-License-Identifier: Apache-2.0
// Sockets, terminals, polling and signals as descriptors.
#include "estiva/base/sys_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <memory>

#include "estiva/base/inet.h"
#include "estiva/base/text.h"

namespace estiva::sys {

namespace {

Result<void> check(long result, std::string_view call) {
  if (result < 0) return Error::system(call, errno);
  return {};
}

struct Address {
  struct sockaddr_un name;
  socklen_t size = sizeof name;
  Fd directory;  // keeps /proc/self/fd/N valid while the address is in use
};

Result<Address> address_of(std::string_view path) {
  Address address;
  address.name = {};
  address.name.sun_family = AF_UNIX;
  std::string name(path);
  const bool abstract = name.starts_with('\0');
  if (abstract) address.size = static_cast<socklen_t>(offsetof(struct sockaddr_un, sun_path) + name.size());
  if (name.size() >= sizeof address.name.sun_path) {
    const size_t slash = name.rfind('/');
    if (abstract || slash == std::string::npos)
      return Error::invalid(text::quote(path), "is too long for a socket");
    address.directory = TRY(open(name.substr(0, slash), O_PATH | O_DIRECTORY));
    name = text::cat("/proc/self/fd/", address.directory.number(), name.substr(slash));
    if (name.size() >= sizeof address.name.sun_path)
      return Error::invalid(text::quote(path), "is too long for a socket");
  }
  memcpy(address.name.sun_path, name.c_str(), name.size() + 1);
  return address;
}

// One descriptor is kept, more than was asked for are closed.
void take_control(struct msghdr& message, Received& received) {
  for (struct cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET) continue;
    if (header->cmsg_type == SCM_CREDENTIALS) {
      struct ucred sender;
      memcpy(&sender, CMSG_DATA(header), sizeof sender);
      received.sender = sender.pid;
    }
    if (header->cmsg_type != SCM_RIGHTS) continue;
    for (size_t at = 0; at + sizeof(int) <= header->cmsg_len - CMSG_LEN(0); at += sizeof(int)) {
      int number;
      memcpy(&number, CMSG_DATA(header) + at, sizeof number);
      Fd fd(number);
      if (!received.fd.valid()) received.fd = std::move(fd);
    }
  }
}

const struct sockaddr* generic(const Address& address) {
  return reinterpret_cast<const struct sockaddr*>(&address.name);
}

}  // namespace

Result<SocketPair> socketpair(int type) {
  int fds[2];
  TRY(check(::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, fds), "socketpair"));
  return SocketPair{Fd(fds[0]), Fd(fds[1])};
}

Result<Fd> unix_socket(int type) {
  const int fd = ::socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
  if (fd < 0) return Error::system("socket", errno);
  return Fd(fd);
}

Result<void> bind_unix(FdView socket, std::string_view path) {
  const Address address = TRY(address_of(path));
  if (::bind(socket.number(), generic(address), address.size) < 0) return error("bind", std::string(path));
  return {};
}

Result<void> connect_unix(FdView socket, std::string_view path) {
  const Address address = TRY(address_of(path));
  if (::connect(socket.number(), generic(address), address.size) < 0)
    return error("connect", path.starts_with('\0') ? text::cat("@", path.substr(1)) : std::string(path));
  return {};
}

Result<void> listen(FdView socket, int backlog) {
  return check(::listen(socket.number(), backlog), "listen");
}

Result<Fd> accept(FdView socket) {
  int fd;
  do {
    fd = ::accept4(socket.number(), nullptr, nullptr, SOCK_CLOEXEC);
  } while (fd < 0 && errno == EINTR);
  if (fd < 0) return Error::system("accept", errno);
  return Fd(fd);
}

Result<void> send_message(FdView socket, std::string_view data, FdView fd) {
  struct iovec part = {const_cast<char*>(data.data()), data.size()};
  alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  struct msghdr message = {};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (fd.valid()) {
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    struct cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    const int number = fd.number();
    memcpy(CMSG_DATA(header), &number, sizeof number);
  }
  ssize_t sent;
  do {
    sent = ::sendmsg(socket.number(), &message, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  TRY(check(sent, "sendmsg"));
  if (static_cast<size_t>(sent) != data.size()) return Error::system("sendmsg", EMSGSIZE);
  return {};
}

Result<void> tell_senders(FdView socket) {
  const int on = 1;
  return check(::setsockopt(socket.number(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on), "setsockopt");
}

// One message, with the control data that there is room for; its size, or nothing when there is none (MSG_DONTWAIT).
static Result<std::optional<size_t>> receive(FdView socket, struct iovec part, std::span<char> control,
                                             int flags, Received& received) {
  struct msghdr message = {};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  ssize_t size;
  do {
    size = ::recvmsg(socket.number(), &message, flags | MSG_CMSG_CLOEXEC);
  } while (size < 0 && errno == EINTR);
  if (size < 0 && errno == EAGAIN && (flags & MSG_DONTWAIT) != 0) return std::optional<size_t>();
  TRY(check(size, "recvmsg"));
  take_control(message, received);
  if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) return Error::system("recvmsg", EMSGSIZE);
  return std::optional<size_t>(static_cast<size_t>(size));
}

Result<Received> receive_message(FdView socket, size_t limit) {
  Received received;
  const auto buffer = std::make_unique_for_overwrite<char[]>(limit);
  alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))] = {};
  const std::optional<size_t> size = TRY(receive(socket, {buffer.get(), limit}, control, 0, received));
  received.end = size == size_t{0};
  received.data.assign(buffer.get(), size.value_or(0));
  return received;
}

Result<Fd> netlink_socket(int protocol) {
  Fd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol));
  if (!socket.valid()) return Error::system("socket", errno);
  const int on = 1;
  for (const int option : {NETLINK_EXT_ACK, NETLINK_CAP_ACK})
    (void)::setsockopt(socket.number(), SOL_NETLINK, option, &on, sizeof on);
  return socket;
}

struct InetAddress {
  struct sockaddr_in6 name = {};  // or the shorter one of IPv4
  socklen_t size = sizeof name;

  const struct sockaddr* generic() const { return reinterpret_cast<const struct sockaddr*>(&name); }
  sa_family_t family() const { return name.sin6_family; }
};

static InetAddress inet_address(std::string_view address, uint16_t port) {
  InetAddress out;
  if (address.size() == inet::kV6) {
    out.name.sin6_family = AF_INET6;
    out.name.sin6_port = htons(port);
    memcpy(&out.name.sin6_addr, address.data(), inet::kV6);
    return out;
  }
  struct sockaddr_in name = {};
  name.sin_family = AF_INET;
  name.sin_port = htons(port);
  if (address.size() == inet::kV4) memcpy(&name.sin_addr, address.data(), inet::kV4);
  memcpy(&out.name, &name, sizeof name);
  out.size = sizeof name;
  return out;
}

static Result<void> switch_on(FdView socket, int level, int option) {
  const int on = 1;
  return check(::setsockopt(socket.number(), level, option, &on, sizeof on), "setsockopt");
}

// An address that a connection has left a moment ago can be bound (SO_REUSEADDR), one that somebody listens on can't.
Result<Fd> bound_inet_socket(const InetName& name, int backlog) {
  const InetAddress address = inet_address(name.address, name.port);
  Fd socket(::socket(address.family(), name.type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.valid()) return Error::system("socket", errno);
  const bool listens = name.type == SOCK_STREAM;
  if (listens) TRY(switch_on(socket, SOL_SOCKET, SO_REUSEADDR));
  if (address.family() == AF_INET6) TRY(switch_on(socket, IPPROTO_IPV6, IPV6_V6ONLY));
  TRY(check(::bind(socket.number(), address.generic(), address.size), "bind"));
  if (listens) TRY(check(::listen(socket.number(), backlog), "listen"));
  return socket;
}

Result<InetName> inet_name(FdView socket) {
  struct sockaddr_in6 name = {};
  socklen_t size = sizeof name;
  TRY(check(::getsockname(socket.number(), reinterpret_cast<struct sockaddr*>(&name), &size), "getsockname"));
  InetName out;
  out.port = ntohs(name.sin6_port);  // at the same place in both
  if (name.sin6_family == AF_INET6) {
    out.address.assign(reinterpret_cast<const char*>(&name.sin6_addr), inet::kV6);
  } else {
    struct sockaddr_in short_name;
    memcpy(&short_name, &name, sizeof short_name);
    out.address.assign(reinterpret_cast<const char*>(&short_name.sin_addr), inet::kV4);
  }
  size = sizeof out.type;
  TRY(check(::getsockopt(socket.number(), SOL_SOCKET, SO_TYPE, &out.type, &size), "getsockopt"));
  return out;
}

Result<Fd> connecting_inet_socket(const InetName& to) {
  const InetAddress address = inet_address(to.address, to.port);
  Fd socket(::socket(address.family(), to.type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.valid()) return Error::system("socket", errno);
  if (to.type == SOCK_STREAM) TRY(set_passing_on(socket));
  if (::connect(socket.number(), address.generic(), address.size) < 0 && errno != EINPROGRESS)
    return Error::system("connect", errno);
  return socket;
}

Result<int> socket_error(FdView socket) {
  int error = 0;
  socklen_t size = sizeof error;
  TRY(check(::getsockopt(socket.number(), SOL_SOCKET, SO_ERROR, &error, &size), "getsockopt"));
  return error;
}

Result<void> set_passing_on(FdView socket) {
  TRY(switch_on(socket, IPPROTO_TCP, TCP_NODELAY));
  return switch_on(socket, SOL_SOCKET, SO_KEEPALIVE);
}

Result<void> end_output(FdView socket) { return check(::shutdown(socket.number(), SHUT_WR), "shutdown"); }

Result<bool> try_send(FdView socket, std::span<const struct iovec> parts) {
  struct msghdr message = {};
  message.msg_iov = const_cast<struct iovec*>(parts.data());
  message.msg_iovlen = parts.size();
  ssize_t sent;
  do {
    sent = ::sendmsg(socket.number(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0 && errno == EAGAIN) return false;
  TRY(check(sent, "sendmsg"));
  return true;
}

Result<std::optional<size_t>> try_receive(FdView socket, void* buffer, size_t size, Fd& passed) {
  alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  Received received;
  const std::optional<size_t> got = TRY(receive(socket, {buffer, size}, control, MSG_DONTWAIT, received));
  passed = std::move(received.fd);
  return got;
}

Result<void> bring_up_interface(const char* name) {
  const Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), Closing::kLater);
  if (!socket.valid()) return Error::system("socket", errno);
  struct ifreq request = {};
  strncpy(request.ifr_name, name, sizeof request.ifr_name - 1);
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  return check(::ioctl(socket.number(), SIOCSIFFLAGS, &request), "ioctl SIOCSIFFLAGS");
}

Result<int> poll(std::span<struct pollfd> fds, int timeout_ms) {
  int ready;
  do {
    ready = ::poll(fds.data(), fds.size(), timeout_ms);
  } while (ready < 0 && errno == EINTR);
  TRY(check(ready, "poll"));
  return ready;
}

Result<Fd> eventfd() {
  const int number = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (number < 0) return Error::system("eventfd", errno);
  return Fd(number);
}

Result<Fd> signalfd(const sigset_t& mask) {
  const int fd = ::signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
  if (fd < 0) return Error::system("signalfd", errno);
  return Fd(fd);
}

Result<sigset_t> block_signals(const sigset_t& mask) {
  sigset_t old;
  TRY(check(::sigprocmask(SIG_BLOCK, &mask, &old), "sigprocmask"));
  return old;
}

Result<void> set_signal_mask(const sigset_t& mask) {
  return check(::sigprocmask(SIG_SETMASK, &mask, nullptr), "sigprocmask");
}

Result<Fd> tty_peer(FdView master, int flags) {
  const int fd = ::ioctl(master.number(), TIOCGPTPEER, flags | O_CLOEXEC);
  if (fd < 0) return Error::system("ioctl TIOCGPTPEER", errno);
  return Fd(fd);
}

Result<void> tty_unlock(FdView master) {
  int off = 0;
  return check(::ioctl(master.number(), TIOCSPTLCK, &off), "ioctl TIOCSPTLCK");
}

Result<unsigned> tty_number(FdView master) {
  unsigned number = 0;
  TRY(check(::ioctl(master.number(), TIOCGPTN, &number), "ioctl TIOCGPTN"));
  return number;
}

Result<struct winsize> tty_size(FdView tty) {
  struct winsize size = {};
  TRY(check(::ioctl(tty.number(), TIOCGWINSZ, &size), "ioctl TIOCGWINSZ"));
  return size;
}

Result<void> tty_set_size(FdView tty, const struct winsize& size) {
  return check(::ioctl(tty.number(), TIOCSWINSZ, &size), "ioctl TIOCSWINSZ");
}

Result<void> tty_make_controlling(FdView tty) {
  return check(::ioctl(tty.number(), TIOCSCTTY, 0), "ioctl TIOCSCTTY");
}

Result<struct termios> tty_attributes(FdView tty) {
  struct termios attributes = {};
  TRY(check(::tcgetattr(tty.number(), &attributes), "tcgetattr"));
  return attributes;
}

Result<void> tty_set_attributes(FdView tty, const struct termios& attributes) {
  return check(::tcsetattr(tty.number(), TCSANOW, &attributes), "tcsetattr");
}

}  // namespace estiva::sys
