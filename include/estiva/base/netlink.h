// SPDX-License-Identifier: Apache-2.0
// Requests to the kernel by netlink sockets (rtnetlink(7), nfnetlink) and what it answers: messages as bytes, no opinion
// on them.
#pragma once

#include <linux/rtnetlink.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "estiva/base/error.h"
#include "estiva/base/fd.h"

namespace estiva::net {

struct Attribute {
  uint16_t type = 0;
  std::string_view data;
};

// The attributes behind a header of `header` bytes. What is cut off is left out.
std::vector<Attribute> attributes(std::string_view payload, size_t header);
// The data of the first of that type, or nothing.
std::string_view find(const std::vector<Attribute>& attributes, uint16_t type);
// A number in the machine's order; 0 where there is none of this size.
template <typename T>
T number(std::string_view data) {
  T value{};
  if (data.size() >= sizeof value) data.copy(reinterpret_cast<char*>(&value), sizeof value);
  return value;
}
// A text with or without its NUL.
std::string text_of(std::string_view data);

// Attributes one behind the other, each aligned; behind a header where they have one.
class Payload {
 public:
  Payload() = default;
  template <typename Header>
  explicit Payload(const Header& header) {
    append(&header, sizeof header);
  }

  void add(uint16_t type, std::string_view data);
  template <typename T>
  void add_number(uint16_t type, T value) {
    add(type, std::string_view(reinterpret_cast<const char*>(&value), sizeof value));
  }
  void add_text(uint16_t type, const std::string& text) {
    add(type, std::string_view(text.c_str(), text.size() + 1));
  }
  void add_nested(uint16_t type, const Payload& inner) { add(type | NLA_F_NESTED, inner.bytes_); }

 protected:
  void append(const void* data, size_t size);

  std::string bytes_;
};

class Request : public Payload {
 public:
  // `flags` besides NLM_F_REQUEST.
  template <typename Header>
  Request(uint16_t type, unsigned flags, const Header& header) : Request(type, flags) {
    append(&header, sizeof header);
  }

  // The kernel says when it is done; without it only errors.
  void acknowledge();
  // With its length filled in.
  const std::string& bytes();

 private:
  Request(uint16_t type, unsigned flags);
};

// A socket in one network namespace, whichever the caller is in later. To close one of nftables waits, for what was deleted
// through any, for the kernel's grace period of 10 ms and more: those are closed by close_slow(), or with the process.
class NetlinkSocket {
 public:
  NetlinkSocket(NetlinkSocket&&) = default;
  NetlinkSocket& operator=(NetlinkSocket&&) = default;
  ~NetlinkSocket();

  static Result<NetlinkSocket> open(int protocol = NETLINK_ROUTE);
  // The caller leaves its network namespace for a moment.
  static Result<NetlinkSocket> open_in(FdView network_namespace);

  // The payloads of the answers to one message, or to several of which only the last is acknowledged; none where the kernel only acknowledges. An error has its errno and, where it gave
  // one, the kernel's reason.
  Result<std::vector<std::string>> ask(Request request) { return ask_bytes(request.bytes()); }
  Result<std::vector<std::string>> ask_bytes(std::string_view bytes);

  // Before others begin to delete what would be waited for.
  static void close_slow();

 private:
  explicit NetlinkSocket(Fd socket, bool slow = false) : socket_(std::move(socket)), slow_(slow) {}

  Fd socket_;
  bool slow_;
};

}  // namespace estiva::net
