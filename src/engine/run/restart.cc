// SPDX-License-Identifier: Apache-2.0
// Restarts: the wait before one, and who does it.
#include "engine/run/restart.h"

#include <fcntl.h>
#include <poll.h>

#include <algorithm>

#include "engine/container/restarting.h"
#include "engine/container/status.h"
#include "engine/run/after_exit.h"
#include "engine/run/start.h"
#include "estiva/base/process.h"
#include "estiva/base/sys_process.h"
#include "estiva/base/sys_socket.h"
#include "estiva/base/undo.h"

namespace estiva::engine {

namespace {

constexpr int kSecond = 1000;  // milliseconds

// With back-off: a program that ends at once must not take the machine.
int delay_of(const ContainerRecord& record, const shim::ExitRecord& exit) {
  constexpr int kFirst = 100, kMost = 60'000;
  const bool lived_long = exit.finished_ns - exit.started_ns > 10'000'000'000;
  int delay = kFirst;
  for (uint32_t i = 0; !lived_long && i < record.restarts && delay < kMost; ++i) delay *= 2;
  return std::min(delay, kMost);
}

// False: it is not to be restarted any more, or by another.
bool wait_before(const Containers& containers, const std::string& id, int delay) {
  for (int left = delay; left > 0; left -= kSecond) {
    (void)sys::poll({}, std::min(left, kSecond));
    if (!is_promise_ours(containers, id)) return false;
  }
  return true;
}

}  // namespace

Result<void> promise_restart(const Engine& engine, const ContainerRecord& record) {
  return has_policy(record) ? write_promise(engine.containers, record, sys::getpid()) : Result<void>();
}

Result<void> keep_promise(const Engine& engine, const ContainerRecord& record) {
  const Containers& containers = engine.containers;
  const Undo kept([&] {
    if (is_promise_ours(containers, record.id)) (void)forget_promise(containers, record.id);
  });
  const Result<shim::ExitRecord> exit = read_exit(containers.file(record.id, shim::kExitFile));
  if (!exit.ok() || !wants_restart(record, exit.value())) return {};
  if (!wait_before(containers, record.id, delay_of(record, exit.value()))) return {};
  TRY(start_container(engine, record.id, {.by_policy = true}));
  return {};
}

Result<void> pass_promise(const Engine& engine, const std::string& id) {
  const ContainerRecord record = TRY(engine.containers.read(id));
  const Status status = TRY(status_of(engine.containers, record));
  const bool stands = is_promised(engine.containers, id);
  if (!stands || !has_ended(status.condition) || !wants_restart(record, status.exit))
    return forget_promise(engine.containers, id);
  process::Command command;
  command.path = engine.program;
  command.args = after_exit_command(engine, id);
  command.env = environment();
  command.own_session = true;
  const Fd null = TRY(sys::open("/dev/null", O_RDWR));
  const pid_t pid = TRY(process::spawn(command, {null, null, null}));
  return write_promise(engine.containers, record, pid);
}

}  // namespace estiva::engine
