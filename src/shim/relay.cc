// SPDX-License-Identifier: Apache-2.0
// The shim's side of the relay: its processes.
#include "shim/relay.h"

#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "estiva/base/inet.h"
#include "estiva/base/sys.h"
#include "estiva/base/sys_process.h"
#include "estiva/base/sys_socket.h"
#include "shim/relay_loop.h"

namespace estiva::shim {

namespace {

constexpr int kPatience = 1000;        // milliseconds that a child has to close its sockets
constexpr size_t kMostClients = 1024;  // of datagrams

// All else that the shim has open: a client waits for the end of its connection, the container for that of its pipes.
Result<void> close_all_but(std::vector<unsigned> kept) {
  kept.insert(kept.end(), {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO});
  std::ranges::sort(kept);
  for (size_t i = 0; i < kept.size(); ++i) {
    const unsigned first = kept[i] + 1, last = i + 1 < kept.size() ? kept[i + 1] - 1 : ~0U;
    if (first <= last) TRY(sys::close_range(first, last, 0));
  }
  return {};
}

Result<void> live(const std::list<Held>& held, const std::vector<std::string>& addresses, FdView control) {
  std::vector<unsigned> kept = {static_cast<unsigned>(control.number())};
  std::vector<Listener> listeners, datagrams;
  for (const Held& each : held) {
    if (each.port == 0) continue;
    kept.push_back(static_cast<unsigned>(each.socket.number()));
    const bool connects = TRY(sys::inet_name(each.socket)).type == SOCK_STREAM;
    (connects ? listeners : datagrams).push_back({Fd(each.socket.number()), each.port});
  }
  TRY(close_all_but(std::move(kept)));
  sigset_t mask;
  sigemptyset(&mask);
  sigaddset(&mask, SIGPIPE);
  TRY(sys::set_signal_mask(mask));
  std::vector<std::string> bytes;
  for (const std::string& each : addresses)
    if (std::optional<std::string> address = inet::parse(each)) bytes.push_back(std::move(*address));
  return RelayLoop(std::move(listeners), Datagrams(std::move(datagrams), bytes, kMostClients), bytes, control)
      .run();
}

}  // namespace

Result<void> Relay::start(const std::list<Held>& held, const std::vector<std::string>& addresses) {
  sys::SocketPair pair = TRY(sys::socketpair(SOCK_STREAM));
  struct clone_args arguments = {};
  arguments.exit_signal = SIGCHLD;
  const pid_t pid = TRY(sys::clone3(arguments));
  if (pid == 0) ::_exit(live(held, addresses, pair.second).ok() ? 0 : 1);
  accepting_ = {pid, std::move(pair.first)};
  return {};
}

void Relay::let_go() {
  if (!accepts()) return;
  char answer = 0;
  struct pollfd watched[] = {{accepting_.control.number(), POLLIN, 0}};
  // One that has ended has closed them too.
  (void)sys::write(accepting_.control, &answer, 1);
  (void)sys::poll(watched, kPatience);
  others_.push_back(std::move(accepting_));
  accepting_ = Child();
}

void Relay::ended(pid_t pid) {
  std::erase_if(others_, [&](const Child& child) { return child.pid == pid; });
  if (accepting_.pid == pid) accepting_ = Child();
}

}  // namespace estiva::shim
