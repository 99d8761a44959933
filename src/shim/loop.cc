// SPDX-License-Identifier: Apache-2.0
// cais-shim's loop: waits for signals, output, room for input, clients. An object that is done is only marked; it goes
// between two rounds.
#include <errno.h>
#include <signal.h>
#include <sys/signalfd.h>

#include <algorithm>

#include "estiva/base/sys.h"
#include "estiva/base/sys_memory.h"
#include "estiva/base/sys_process.h"
#include "estiva/base/sys_socket.h"
#include "estiva/base/time.h"
#include "shim/shim.h"

namespace estiva::shim {

namespace {

constexpr int64_t kIdle = 1000;            // milliseconds, then memory is given back
constexpr int64_t kStartPatience = 30000;  // a container that nobody starts is given up

char buffer[kMaxData];

}  // namespace

void Shim::watch(FdView what, short events, Source source, void* object) {
  if (!what.valid()) return;
  polled_.push_back({what.number(), events, 0});
  watches_.push_back({source, object});
}

// Milliseconds until a client may no longer hold its target up: 0 if none does, -1 for ever.
int64_t Shim::pause_left(const Target& target, int64_t now) const {
  int64_t most = 0;
  for (const Client& client : clients_) {
    if (client.target != &target || (client.hello.wants & kWantOutput) == 0) continue;
    const int64_t left = client.patience_left(now);
    if (left < 0) return -1;
    most = std::max(most, left);
  }
  return most;
}

// Fills the lists for poll(2); returns its time, -1 for ever.
int64_t Shim::gather(int64_t now) {
  polled_.clear();
  watches_.clear();
  watch(signals_, POLLIN, Source::kSignals, nullptr);
  watch(listener_, POLLIN, Source::kListener, nullptr);
  for (Held& each : held_)
    if (each.port != 0 && !relay_.accepts()) watch(each.socket, POLLIN, Source::kPublished, &each);
  int64_t time = -1;
  const auto at_most = [&](int64_t most) { time = time < 0 ? most : std::min(time, most); };
  for (Target& target : targets_) {
    const int64_t paused = pause_left(target, now);
    if (paused > 0) at_most(paused);
    if (paused == 0) watch(target.output, POLLIN, Source::kOutput, &target);
    if (paused == 0) watch(target.errors, POLLIN, Source::kErrors, &target);
    if (!target.typed.empty()) watch(target.sink(), POLLOUT, Source::kInput, &target);
    if (target.ended && paused == 0) at_most(0);  // what is there is read, no more is waited for
  }
  for (Client& client : clients_) {
    const bool reads = client.target == nullptr || client.target->typed.empty();
    const int events = (reads ? POLLIN : 0) | (client.busy() ? POLLOUT : 0);
    watch(client.socket(), static_cast<short>(events), Source::kClient, &client);
  }
  if (state_.phase == Phase::kCreated) at_most(kIdle);
  return time;
}

// Output of this round that is to be followed by more, or that a client has yet to take.
bool Shim::has_more(const Target& target) const {
  for (size_t i = 0; i < polled_.size(); ++i) {
    const bool output = watches_[i].source == Source::kOutput || watches_[i].source == Source::kErrors;
    if (output && watches_[i].object == &target && polled_[i].revents != 0) return true;
  }
  return pause_left(target, monotonic_ms()) != 0;
}

Result<void> Shim::loop() {
  for (bool idle = false; !failed_ && !targets_.front().done;) {
    const int64_t time = gather(monotonic_ms());
    if (idle && time != 0) {
      sys::forget_memory(buffer, sizeof buffer);
      sys::forget_program();
    }
    const int64_t wait = time < 0 && !idle ? kIdle : time;
    const int ready = TRY(sys::poll(polled_, static_cast<int>(wait)));
    idle = ready == 0;
    for (size_t i = 0; ready > 0 && i < polled_.size(); ++i)
      if (polled_[i].revents != 0) TRY(handle(watches_[i], polled_[i].revents));
    for (Target& target : targets_)
      if (target.ended && !target.done && !has_more(target)) finish(target);
    sweep();
    if (abandoned(monotonic_ms())) failed_ = true;
  }
  return {};
}

Result<void> Shim::handle(const Watch& watch, short events) {
  auto* target = static_cast<Target*>(watch.object);
  switch (watch.source) {
    case Source::kSignals:
      return read_signals();
    case Source::kListener: {
      Result<Fd> socket = sys::accept(listener_);
      if (socket.ok()) clients_.emplace_back(std::move(socket).value());
      return {};
    }
    case Source::kPublished:
      relay(*static_cast<Held*>(watch.object));
      return {};
    case Source::kOutput:
      return read_output(*target, target->output, Type::kOutput);
    case Source::kErrors:
      return read_output(*target, target->errors, Type::kErrors);
    case Source::kInput:
      target->feed();
      return {};
    case Source::kClient: {
      auto* client = static_cast<Client*>(watch.object);
      if ((events & POLLOUT) != 0) client->flush();
      if ((events & (POLLIN | POLLHUP | POLLERR)) != 0) return read_client(*client);
      return {};
    }
  }
  return {};
}

Result<void> Shim::read_signals() {
  struct signalfd_siginfo info;
  for (;;) {
    const std::optional<size_t> size = TRY(sys::try_read(signals_, &info, sizeof info));
    if (!size) return {};
    if (info.ssi_signo == SIGTERM) {
      told_to_end_ = true;
      if (!targets_.front().ended) (void)sys::kill(state_.init, SIGTERM);
    }
    if (info.ssi_signo == SIGCHLD) TRY(reap());
  }
}

Result<void> Shim::reap() {
  for (;;) {
    const Result<siginfo_t> ended = sys::wait_any_nohang();
    if (!ended.ok() || ended.value().si_pid == 0) return {};  // ECHILD: none is left
    for (Target& target : targets_)
      if (target.pid == ended.value().si_pid) target.ended = ended.value();
    relay_.ended(ended.value().si_pid);
  }
}

Result<void> Shim::read_output(Target& target, Fd& from, Type type) {
  // An earlier reader of this round may have filled a client's queue.
  if (pause_left(target, monotonic_ms()) != 0) return {};
  const Result<std::optional<size_t>> size = sys::try_read(from, buffer, sizeof buffer);
  // A terminal that was hung up says EIO.
  if (!size.ok() || size.value() == std::optional<size_t>(0)) {
    from.reset();
    return {};
  }
  if (size.value()) deliver(target, type, std::string_view(buffer, *size.value()));
  return {};
}

void Shim::deliver(Target& target, Type type, std::string_view data) {
  if (target.is_container) log_.write(type == Type::kOutput ? "stdout" : "stderr", data);
  if (target.terminal) target.replay.add(data);
  for (Client& client : clients_)
    if (client.target == &target) client.send_output(type, data);
}

// The container's clients learn of its end when its record is written.
void Shim::finish(Target& target) {
  target.done = true;
  if (target.is_container) return;
  const int code = process::exit_code(*target.ended);
  const bool by_signal = target.ended->si_code != CLD_EXITED;
  const Exit exit{static_cast<uint8_t>(code), static_cast<uint8_t>(by_signal ? target.ended->si_status : 0),
                  0};
  for (Client& client : clients_)
    if (client.target == &target) client.send(Type::kExit, bytes_of(exit));
}

void Shim::sweep() {
  for (Client& client : clients_)
    if (client.gone()) lose_client(client);
  std::erase_if(clients_, [](const Client& client) {
    const bool told = client.target != nullptr && !client.target->is_container && client.target->done;
    return client.gone() || (told && !client.busy());
  });
  std::erase_if(targets_, [&](const Target& target) {
    const bool used = std::ranges::any_of(clients_, [&](const Client& c) { return c.target == &target; });
    return target.done && !target.is_container && !used;
  });
}

// Without a process for it the connection is turned away, or it would wake us again and again.
void Shim::relay(const Held& held) {
  if (relay_.accepts() || relay_.start(held_, conf_.address).ok()) return;
  if (!sys::accept(held.socket).ok()) (void)sys::try_read(held.socket, buffer, sizeof buffer);  // a datagram
}

// Whoever made the container has ended before it started it.
bool Shim::abandoned(int64_t now) {
  if (state_.phase != Phase::kCreated) return false;
  had_client_ = had_client_ || !clients_.empty();
  return had_client_ ? clients_.empty() : now - created_ms_ > kStartPatience;
}

}  // namespace estiva::shim
