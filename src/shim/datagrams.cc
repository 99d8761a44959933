// SPDX-License-Identifier: Apache-2.0
// Flows of datagrams. What can't be sent now is lost, as it may be anywhere on its way.
#include "shim/datagrams.h"

#include <sys/socket.h>

#include <algorithm>

#include "estiva/base/sys.h"
#include "estiva/base/sys_socket.h"

namespace estiva::shim {

namespace {

constexpr int64_t kQuiet = 90'000;  // milliseconds
constexpr int kAtOnce = 32;         // datagrams of one socket, then others have their turn

char buffer[64 << 10];  // the longest datagram

}  // namespace

Datagrams::Datagrams(std::vector<Listener> sockets, std::vector<std::string> addresses, size_t most)
    : addresses_(std::move(addresses)), most_(most) {
  for (Listener& each : sockets) {
    (void)sys::tell_own_address(each.socket);  // else the route says what an answer comes from
    sockets_.push_back({std::move(each)});
  }
}

void Datagrams::let_go() {
  sockets_.clear();
  flows_.clear();
}

void Datagrams::watch(std::vector<struct pollfd>& polled) const {
  for (const Socket& each : sockets_) polled.push_back({each.own.socket.number(), POLLIN, 0});
  for (const auto& [key, flow] : flows_) polled.push_back({flow.server.number(), POLLIN, 0});
}

void Datagrams::serve(std::span<const struct pollfd> polled, int64_t now) {
  size_t index = sockets_.size();
  for (auto each = flows_.begin(); each != flows_.end();) {
    const bool stays = polled[index++].revents == 0 || pass_back(each->first, each->second, now);
    each = stays ? std::next(each) : flows_.erase(each);
  }
  for (size_t i = 0; i < sockets_.size(); ++i)
    if (polled[i].revents != 0) take(i, now);
}

void Datagrams::sweep(int64_t now) {
  std::erase_if(flows_, [&](const Flows::value_type& each) { return each.second.used + kQuiet <= now; });
}

int64_t Datagrams::time_left(int64_t now) const {
  int64_t out = -1;
  for (const auto& [key, flow] : flows_) {
    const int64_t left = std::max<int64_t>(flow.used + kQuiet - now, 0);
    out = out < 0 ? left : std::min(out, left);
  }
  return out;
}

Result<Fd> Datagrams::connect(Socket& socket) {
  Result<Fd> made = Error(Code::kState, "the container has no address");
  for (size_t i = 0; i < addresses_.size() && !made.ok(); ++i) {
    made = sys::connecting_inet_socket({SOCK_DGRAM, addresses_[socket.address], socket.own.port});
    if (!made.ok()) socket.address = (socket.address + 1) % addresses_.size();
  }
  return made;
}

Datagrams::Flow* Datagrams::flow_of(const Key& key, int64_t now) {
  if (const auto found = flows_.find(key); found != flows_.end()) return &found->second;
  if (flows_.size() >= most_)
    flows_.erase(std::ranges::min_element(flows_, {}, [](const auto& each) { return each.second.used; }));
  Result<Fd> server = connect(sockets_[key.first]);
  if (!server.ok()) return nullptr;
  return &flows_.emplace(key, Flow{std::move(server).value(), now}).first->second;
}

// Nobody listens there. The next one, of this client or of another, is tried at the other address.
void Datagrams::refused(const Key& key) {
  Socket& socket = sockets_[key.first];
  socket.address = (socket.address + 1) % addresses_.size();
}

void Datagrams::pass_on(const Key& key, std::string_view data, int64_t now) {
  for (size_t i = 0; i <= addresses_.size(); ++i) {
    Flow* flow = flow_of(key, now);
    if (flow == nullptr) return;
    flow->used = now;
    if (sys::try_write(flow->server, data.data(), data.size()).ok()) return;
    refused(key);
    flows_.erase(key);
  }
}

void Datagrams::take(size_t socket, int64_t now) {
  for (int i = 0; i < kAtOnce; ++i) {
    Key key{socket, {}};
    const auto size = sys::try_receive_from(sockets_[socket].own.socket, buffer, sizeof buffer, key.second);
    if (!size.ok() || !size.value()) return;
    pass_on(key, std::string_view(buffer, *size.value()), now);
  }
}

// False: there is nobody.
bool Datagrams::pass_back(const Key& key, Flow& flow, int64_t now) {
  for (int i = 0; i < kAtOnce; ++i) {
    const Result<std::optional<size_t>> size = sys::try_read(flow.server, buffer, sizeof buffer);
    if (!size.ok()) {
      refused(key);
      return false;
    }
    if (!size.value()) return true;
    flow.used = now;
    (void)sys::try_send_to(sockets_[key.first].own.socket, {buffer, *size.value()}, key.second);
  }
  return true;
}

}  // namespace estiva::shim
