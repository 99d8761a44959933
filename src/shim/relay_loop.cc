// SPDX-License-Identifier: Apache-2.0
// Connections of the relay. Nothing here waits but poll(2).
#include "shim/relay_loop.h"

#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>

#include "estiva/base/sys.h"
#include "estiva/base/sys_process.h"
#include "estiva/base/sys_socket.h"
#include "estiva/base/time.h"

namespace estiva::shim {

namespace {

constexpr int64_t kIdle = 5000;       // milliseconds without a connection, then the process ends
constexpr int64_t kLastWords = 2000;  // that connections have when the container has ended
constexpr int64_t kPause = 100;       // after a connection that could not be taken
constexpr size_t kMostConnections = 4096, kOtherFiles = 64;

char buffer[16 << 10];

// What there is now, once: others want their turn. False: the connection is broken.
bool read_some(FdView from, FdView to, std::string& left, bool& ended) {
  const Result<std::optional<size_t>> size = sys::try_read(from, buffer, sizeof buffer);
  if (!size.ok()) return false;
  if (!size.value()) return true;
  ended = *size.value() == 0;
  if (ended) return sys::end_output(to).ok();
  const Result<std::optional<size_t>> written = sys::try_write(to, buffer, *size.value());
  if (!written.ok()) return false;
  const size_t done = written.value().value_or(0);
  left.assign(buffer + done, *size.value() - done);
  return true;
}

bool write_some(FdView to, std::string& left) {
  const Result<std::optional<size_t>> written = sys::try_write(to, left.data(), left.size());
  if (!written.ok()) return false;
  left.erase(0, written.value().value_or(0));
  return true;
}

}  // namespace

Result<void> RelayLoop::prepare() {
  struct rlimit64 files = TRY(sys::prlimit(0, RLIMIT_NOFILE, nullptr));
  const struct rlimit64 wanted = {files.rlim_max, files.rlim_max};
  if (sys::prlimit(0, RLIMIT_NOFILE, &wanted).ok()) files = wanted;
  const size_t room = files.rlim_cur > kOtherFiles ? (files.rlim_cur - kOtherFiles) / 2 : 1;
  most_ = std::min(room, kMostConnections);
  return {};
}

// One of which nothing more is expected is not watched: its end would wake us again and again.
void RelayLoop::watch(FdView what, bool reads, bool writes, bool over) {
  const int events = (reads ? POLLIN : 0) | (writes ? POLLOUT : 0);
  polled_.push_back({over ? -1 : what.number(), static_cast<short>(events), 0});
}

// Fills the list for poll(2); returns its time, -1 for ever.
int RelayLoop::gather(int64_t now) {
  polled_.clear();
  watch(control_, true, false, deadline_ != 0);
  const bool full = connections_.size() >= most_ || now < pause_until_;
  for (const Listener& each : listeners_) watch(each.socket, true, false, full);
  for (const Connection& each : connections_) {
    if (!each.connected) {
      watch(each.client, false, false, true);
      watch(each.server, false, true, false);
      continue;
    }
    const bool up = each.up.left.empty() && !each.up.ended, down = each.down.left.empty() && !each.down.ended;
    watch(each.client, up, !each.down.left.empty(), each.up.ended && each.down.over());
    watch(each.server, down, !each.up.left.empty(), each.down.ended && each.up.over());
  }
  datagrams_.watch(polled_);
  int64_t time = idle() ? kIdle : datagrams_.time_left(now);
  if (now < pause_until_) time = pause_until_ - now;
  if (deadline_ != 0) time = std::max<int64_t>(deadline_ - now, 0);
  return static_cast<int>(time);
}

Result<void> RelayLoop::run() {
  TRY(prepare());
  for (;;) {
    int64_t now = monotonic_ms();
    if (deadline_ != 0 && now >= deadline_) return {};
    if (listeners_.empty() && !datagrams_.listens() && connections_.empty()) return {};
    const size_t before = connections_.size(), first = 1 + listeners_.size(), behind = first + 2 * before;
    const bool paused = now < pause_until_;
    const int time = gather(now);
    const int ready = TRY(sys::poll(polled_, time));
    if (ready == 0 && idle() && !paused) return {};
    now = monotonic_ms();
    for (size_t i = 0; i < before; ++i)
      serve(connections_[i], polled_[first + 2 * i].revents, polled_[first + 2 * i + 1].revents);
    for (size_t i = 0; i < listeners_.size(); ++i)
      if (polled_[1 + i].revents != 0) accept(listeners_[i], now);
    datagrams_.serve(std::span(polled_).subspan(behind), now);
    datagrams_.sweep(now);
    if (polled_[0].revents != 0) read_control(now);
    std::erase_if(connections_, [](const Connection& each) { return each.over(); });
  }
}

void RelayLoop::accept(const Listener& listener, int64_t now) {
  Result<Fd> socket = sys::accept(listener.socket);
  if (!socket.ok()) {
    pause_until_ = now + kPause;
    return;
  }
  Connection& made = connections_.emplace_back();
  made.client = std::move(socket).value();
  made.port = listener.port;
  made.broken = !sys::set_nonblocking(made.client).ok() || !sys::set_passing_on(made.client).ok();
  if (!made.broken) connect_next(made);
}

void RelayLoop::connect_next(Connection& connection) {
  while (connection.tried < addresses_.size()) {
    Result<Fd> socket =
        sys::connecting_inet_socket({SOCK_STREAM, addresses_[connection.tried++], connection.port});
    if (!socket.ok()) continue;
    connection.server = std::move(socket).value();
    return;
  }
  connection.broken = true;
}

void RelayLoop::serve(Connection& connection, short client, short server) {
  if (!connection.connected) {
    if (server == 0) return;
    const Result<int> error = sys::socket_error(connection.server);
    connection.connected = error.ok() && error.value() == 0;
    if (!connection.connected) connect_next(connection);
    return;
  }
  struct Side {
    FdView own, other;
    short events;
    Way &out, &in;  // to it, from it
  };
  for (const Side& side :
       {Side{connection.client, connection.server, client, connection.down, connection.up},
        Side{connection.server, connection.client, server, connection.up, connection.down}}) {
    if (side.events == 0 || connection.broken) continue;
    const bool writes = !side.out.left.empty(), reads = side.in.left.empty() && !side.in.ended;
    // Nothing was waited for but that: whoever it was has gone.
    bool fine = writes || reads;
    if (writes) fine = write_some(side.own, side.out.left);
    if (fine && reads && (side.events & ~POLLOUT) != 0)
      fine = read_some(side.own, side.other, side.in.left, side.in.ended);
    connection.broken = !fine;
  }
}

// The connections end with the container; what is on its way has a moment.
void RelayLoop::read_control(int64_t now) {
  char asked;
  const Result<size_t> size = sys::read(control_, &asked, 1);
  listeners_.clear();
  datagrams_.let_go();
  if (size.ok() && size.value() == 1) {
    (void)sys::write(control_, &asked, 1);
  } else {
    deadline_ = now + kLastWords;
  }
}

}  // namespace estiva::shim
