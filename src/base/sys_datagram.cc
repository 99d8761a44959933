// SPDX-License-Identifier: Apache-2.0
// recvmsg and sendmsg of datagrams, with IPV6_PKTINFO (ipv6(7), RFC 3542).
#include "estiva/base/sys_datagram.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "estiva/base/inet.h"

namespace estiva::sys {

namespace {

std::string bytes_of(const struct in6_addr& address) {
  return {reinterpret_cast<const char*>(&address), inet::kV6};
}

struct in6_addr address_of(std::string_view bytes) {
  struct in6_addr out = {};
  if (bytes.size() == inet::kV6) memcpy(&out, bytes.data(), inet::kV6);
  return out;
}

// Of one name and one datagram; all of it is pointed to.
struct Message {
  struct sockaddr_in6 name = {};
  struct iovec part = {};
  alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(struct in6_pktinfo))] = {};

  struct msghdr header() {
    struct msghdr out = {};
    out.msg_name = &name;
    out.msg_namelen = sizeof name;
    out.msg_iov = &part;
    out.msg_iovlen = 1;
    out.msg_control = control;
    out.msg_controllen = sizeof control;
    return out;
  }
};

std::string own_address(struct msghdr& header) {
  for (struct cmsghdr* each = CMSG_FIRSTHDR(&header); each != nullptr; each = CMSG_NXTHDR(&header, each)) {
    if (each->cmsg_level != IPPROTO_IPV6 || each->cmsg_type != IPV6_PKTINFO) continue;
    struct in6_pktinfo info;
    memcpy(&info, CMSG_DATA(each), sizeof info);
    return bytes_of(info.ipi6_addr);
  }
  return "";
}

void set_own_address(struct msghdr& header, const DatagramPeer& peer) {
  struct in6_pktinfo info = {};
  info.ipi6_addr = address_of(peer.own);
  info.ipi6_ifindex = peer.scope;  // 0: the route says
  struct cmsghdr* first = CMSG_FIRSTHDR(&header);
  first->cmsg_level = IPPROTO_IPV6;
  first->cmsg_type = IPV6_PKTINFO;
  first->cmsg_len = CMSG_LEN(sizeof info);
  memcpy(CMSG_DATA(first), &info, sizeof info);
}

}  // namespace

Result<void> tell_own_address(FdView socket) {
  const int on = 1;
  if (::setsockopt(socket.number(), IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on) < 0)
    return Error::system("setsockopt IPV6_RECVPKTINFO", errno);
  return {};
}

Result<std::optional<size_t>> try_receive_from(FdView socket, void* buffer, size_t size, DatagramPeer& peer) {
  Message message;
  message.part = {buffer, size};
  struct msghdr header = message.header();
  ssize_t got;
  do {
    got = ::recvmsg(socket.number(), &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  } while (got < 0 && errno == EINTR);
  if (got < 0 && errno == EAGAIN) return std::optional<size_t>();
  if (got < 0) return Error::system("recvmsg", errno);
  peer = {.address = bytes_of(message.name.sin6_addr),
          .port = ntohs(message.name.sin6_port),
          .scope = message.name.sin6_scope_id,
          .own = own_address(header)};
  return std::optional<size_t>(static_cast<size_t>(got));
}

Result<bool> try_send_to(FdView socket, std::string_view data, const DatagramPeer& peer) {
  Message message;
  message.part = {const_cast<char*>(data.data()), data.size()};
  message.name.sin6_family = AF_INET6;
  message.name.sin6_port = htons(peer.port);
  message.name.sin6_addr = address_of(peer.address);
  message.name.sin6_scope_id = peer.scope;
  struct msghdr header = message.header();
  if (peer.own.empty()) {
    header.msg_control = nullptr;
    header.msg_controllen = 0;
  } else {
    set_own_address(header, peer);
  }
  ssize_t sent;
  do {
    sent = ::sendmsg(socket.number(), &header, MSG_NOSIGNAL | MSG_DONTWAIT);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0 && errno == EAGAIN) return false;
  if (sent < 0) return Error::system("sendmsg", errno);
  return true;
}

}  // namespace estiva::sys
