// SPDX-License-Identifier: Apache-2.0
// stop, kill.
#include "engine/run/stop.h"

#include <poll.h>
#include <signal.h>

#include <algorithm>

#include "engine/container/asked.h"
#include "engine/container/restarting.h"
#include "engine/container/status.h"
#include "engine/run/pause.h"
#include "engine/run/signals.h"
#include "engine/shim/connection.h"
#include "estiva/base/files.h"
#include "estiva/base/sys_process.h"
#include "estiva/base/sys_socket.h"
#include "estiva/base/text.h"
#include "estiva/base/time.h"

namespace estiva::engine {

namespace {

constexpr int64_t kUsual = 10, kShort = 1;  // seconds

Result<ShimConnection> connect(const Engine& engine, const ContainerRecord& record) {
  return ShimConnection::open(engine.containers.run_file(record.id, shim::kSocketFile), {});
}

// The init has a handler for it. An init ignores what it has none for (pid_namespaces(7)).
bool handles(int32_t pid, int signal) {
  const Result<std::string> status =
      files::read_all(FdView::cwd(), text::cat("/proc/", pid, "/status"), 64 << 10);
  if (!status.ok()) return true;
  for (const std::string& line : text::split(status.value(), '\n')) {
    if (!line.starts_with("SigCgt:")) continue;
    const auto mask = text::number<uint64_t>(text::trim(line.substr(7)), 16);
    return !mask || ((*mask >> (signal - 1)) & 1) != 0;
  }
  return true;
}

Result<int> stop_signal_of(const ContainerRecord& record) {
  return record.stop_signal.empty() ? Result<int>(SIGTERM) : signal_number(record.stop_signal);
}

// The container has ended by then.
Result<bool> ends_within(const ShimConnection& connection, int64_t seconds) {
  const int64_t deadline = monotonic_ms() + seconds * 1000;
  for (;;) {
    struct pollfd watched[] = {{connection.socket().number(), POLLIN, 0}};
    const int64_t left = std::clamp<int64_t>(deadline - monotonic_ms(), 0, 1 << 30);
    if (TRY(sys::poll(watched, seconds < 0 ? -1 : static_cast<int>(left))) == 0) return false;
    const ShimMessage message = TRY(connection.receive());
    if (message.end || message.type == shim::Type::kExit) return true;
  }
}

// Noted first: who ends by it may be cleaned up after at once.
Result<void> send_noted(const Engine& engine, const ContainerRecord& record, const ShimConnection& connection,
                        const Asked& asked) {
  note_signal(engine.containers, record.id, {asked.verb, asked.signal, epoch_ns()});
  const int signal = asked.signal;
  return connection.send(shim::Type::kSignal, shim::bytes_of(shim::Signal{static_cast<uint8_t>(signal)}));
}

Result<std::string> end(const Engine& engine, const ContainerRecord& record, const StopRequest& request,
                        const ShimConnection& connection) {
  const Status status = TRY(status_of(engine.containers, record));
  const auto send = [&](int each) -> Result<void> {
    return send_noted(engine, record, connection, {"stop", each});
  };
  const int signal = request.signal != 0 ? request.signal : TRY(stop_signal_of(record));
  const int64_t own_time = record.options.stop_timeout > 0 ? record.options.stop_timeout : kUsual;
  const int64_t seconds = request.seconds >= 0 ? request.seconds : own_time;
  const bool own_pids = record.options.pid != "host" && !record.options.init;  // an init passes it on
  const bool useless =
      own_pids && !request.patient && signal != SIGKILL && !handles(status.state.init, signal);
  if (!useless) {
    TRY(send(signal));
    if (TRY(ends_within(connection, seconds))) return std::string();
  } else if (handles(status.state.init, SIGHUP)) {
    TRY(send(SIGHUP));
    if (TRY(ends_within(connection, std::min(seconds, kShort)))) return std::string();
  }
  TRY(send(SIGKILL));
  (void)TRY(ends_within(connection, -1));
  if (!useless) return std::string();
  return text::cat("its program ignores signal ", signal, ", so there was nothing to wait for: killed");
}

// Under the lock, so that a restart sees it. Who waits to do one gives up.
Result<void> mark_stopped(const Engine& engine, const std::string& id) {
  const Fd lock = TRY(engine.containers.lock(id));
  ContainerRecord record = TRY(engine.containers.read(id));
  record.stopped_by_user = true;
  TRY(engine.containers.write(record));
  return forget_promise(engine.containers, id);
}

}  // namespace

Result<std::string> stop_container(const Engine& engine, const ContainerRecord& record,
                                   const StopRequest& request) {
  const Status status = TRY(status_of(engine.containers, record));
  if (!record.options.restart.empty()) TRY(mark_stopped(engine, record.id));
  if (status.condition != Condition::kRunning && status.condition != Condition::kPaused) return std::string();
  const Result<ShimConnection> connection = connect(engine, record);
  if (!connection.ok()) return std::string();  // it ended meanwhile
  if (status.condition == Condition::kPaused) TRY(unpause_container(engine, record));
  std::string note = TRY(end(engine, record, request, connection.value()));
  connection.value().await_end();
  return note;
}

Result<void> kill_container(const Engine& engine, const ContainerRecord& record) {
  TRY(stop_container(engine, record, {.signal = SIGKILL, .seconds = -1, .patient = false}));
  return {};
}

Result<void> signal_container(const Engine& engine, const ContainerRecord& record, int signal) {
  const Status status = TRY(status_of(engine.containers, record));
  const bool ends = signal == SIGKILL || signal == TRY(stop_signal_of(record));
  // There is no process to send it to, but the end is what was wanted.
  if (status.condition == Condition::kRestarting && ends) return mark_stopped(engine, record.id);
  const bool runs = status.condition == Condition::kRunning || status.condition == Condition::kPaused;
  if (!runs)
    return Error(Code::kState, text::cat("Cannot kill container: ", record.name, ": Container ", record.id,
                                         " is not running"));
  const bool kills = signal == SIGKILL || signal == SIGTERM;
  if (kills && status.condition == Condition::kPaused) TRY(unpause_container(engine, record));
  if (ends && !record.options.restart.empty()) TRY(mark_stopped(engine, record.id));
  const ShimConnection connection = TRY(connect(engine, record));
  TRY(send_noted(engine, record, connection, {"kill", signal}));
  if (signal == SIGKILL) connection.await_end();
  return {};
}

}  // namespace estiva::engine
