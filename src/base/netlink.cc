// SPDX-License-Identifier: Apache-2.0
// Netlink sockets: bytes out, bytes in.
#include "estiva/base/netlink.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>

#include <memory>

#include "estiva/base/sys_process.h"
#include "estiva/base/sys_socket.h"
#include "estiva/base/text.h"

namespace estiva::net {

namespace {

constexpr size_t kBuffer = 64 << 10;  // the kernel sends at most 32 KiB at once

size_t aligned(size_t size) { return (size + NLMSG_ALIGNTO - 1) & ~size_t{NLMSG_ALIGNTO - 1}; }

// The reason that the kernel adds to an errno (Linux 4.12), or nothing.
std::string reason(std::string_view payload, unsigned flags) {
  if ((flags & NLM_F_ACK_TLVS) == 0 || payload.size() < sizeof(struct nlmsgerr)) return "";
  const auto error = number<struct nlmsgerr>(payload);
  size_t header = sizeof error;
  if ((flags & NLM_F_CAPPED) == 0) header += aligned(error.msg.nlmsg_len) - sizeof error.msg;
  return text_of(find(attributes(payload, header), NLMSGERR_ATTR_MSG));
}

Result<void> read_result(std::string_view payload, unsigned flags) {
  const auto code = number<int>(payload);
  if (code == 0) return {};
  return Error::system("netlink", -code).message(reason(payload, flags));
}

std::vector<Fd>& slow_ones() {
  static std::vector<Fd> sockets;
  return sockets;
}

}  // namespace

std::vector<Attribute> attributes(std::string_view payload, size_t header) {
  std::vector<Attribute> list;
  for (size_t at = aligned(header); at + sizeof(struct rtattr) <= payload.size();) {
    const auto head = number<struct rtattr>(payload.substr(at));
    if (head.rta_len < sizeof head || head.rta_len > payload.size() - at) break;
    // The flags "nested" and "network byte order" are in the highest bits.
    list.push_back({static_cast<uint16_t>(head.rta_type & NLA_TYPE_MASK),
                    payload.substr(at + sizeof head, head.rta_len - sizeof head)});
    at += aligned(head.rta_len);
  }
  return list;
}

std::string_view find(const std::vector<Attribute>& attributes, uint16_t type) {
  for (const Attribute& attribute : attributes) {
    if (attribute.type == type) return attribute.data;
  }
  return {};
}

std::string text_of(std::string_view data) { return std::string(data.substr(0, data.find('\0'))); }

Request::Request(uint16_t type, unsigned flags) {
  struct nlmsghdr header = {};
  header.nlmsg_type = type;
  header.nlmsg_flags = static_cast<uint16_t>(NLM_F_REQUEST | flags);
  header.nlmsg_seq = 1;
  append(&header, sizeof header);
}

void Payload::append(const void* data, size_t size) {
  bytes_.append(static_cast<const char*>(data), size);
  bytes_.resize(aligned(bytes_.size()));
}

void Payload::add(uint16_t type, std::string_view data) {
  const struct rtattr head = {static_cast<uint16_t>(sizeof head + data.size()), type};
  append(&head, sizeof head);
  append(data.data(), data.size());
}

void Request::acknowledge() {
  const auto flags = static_cast<uint16_t>(number<struct nlmsghdr>(bytes_).nlmsg_flags | NLM_F_ACK);
  bytes_.replace(offsetof(struct nlmsghdr, nlmsg_flags), sizeof flags, reinterpret_cast<const char*>(&flags),
                 sizeof flags);
}

const std::string& Request::bytes() {
  const uint32_t size = static_cast<uint32_t>(bytes_.size());
  bytes_.replace(offsetof(struct nlmsghdr, nlmsg_len), sizeof size, reinterpret_cast<const char*>(&size),
                 sizeof size);
  return bytes_;
}

NetlinkSocket::~NetlinkSocket() {
  if (slow_ && socket_.valid()) slow_ones().push_back(std::move(socket_));
}

void NetlinkSocket::close_slow() { slow_ones().clear(); }

Result<NetlinkSocket> NetlinkSocket::open(int protocol) {
  Fd socket = TRY(sys::netlink_socket(protocol));
  return NetlinkSocket(std::move(socket), protocol == NETLINK_NETFILTER);
}

Result<NetlinkSocket> NetlinkSocket::open_in(FdView network_namespace) {
  const Fd own = TRY(sys::open("/proc/self/ns/net", O_RDONLY));
  TRY(sys::setns(network_namespace, CLONE_NEWNET));
  Result<Fd> socket = sys::netlink_socket(NETLINK_ROUTE);
  TRY(sys::setns(own, CLONE_NEWNET));
  return NetlinkSocket(TRY(std::move(socket)));
}

Result<std::vector<std::string>> NetlinkSocket::ask_bytes(std::string_view bytes) {
  std::vector<std::string> answers;
  TRY(sys::write(socket_, bytes.data(), bytes.size()));
  const auto buffer = std::make_unique_for_overwrite<char[]>(kBuffer);
  for (;;) {
    const size_t size = TRY(sys::read(socket_, buffer.get(), kBuffer));
    std::string_view rest(buffer.get(), size);
    while (rest.size() >= sizeof(struct nlmsghdr)) {
      const auto header = number<struct nlmsghdr>(rest);
      if (header.nlmsg_len < sizeof header || header.nlmsg_len > rest.size())
        return Error(Code::kInternal, "netlink: a message has another length than it says");
      const std::string_view payload = rest.substr(sizeof header, header.nlmsg_len - sizeof header);
      if (header.nlmsg_type == NLMSG_DONE) return answers;
      if (header.nlmsg_type == NLMSG_ERROR) {
        TRY(read_result(payload, header.nlmsg_flags));
        return answers;
      }
      answers.emplace_back(payload);
      rest.remove_prefix(std::min(rest.size(), aligned(header.nlmsg_len)));
    }
    if (size == 0) return Error(Code::kInternal, "netlink: the kernel closed the socket");
  }
}

}  // namespace estiva::net
