// SPDX-License-Identifier: Apache-2.0
// The promise is a file in the container's directory, from before its end is forgotten until it runs again or is not
// to.
#include "engine/run/restart.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>

#include <algorithm>

#include "engine/container/status.h"
#include "engine/run/after_exit.h"
#include "engine/run/start.h"
#include "engine/spec/make_spec.h"
#include "estiva/base/files.h"
#include "estiva/base/identity.h"
#include "estiva/base/key_values.h"
#include "estiva/base/process.h"
#include "estiva/base/sys_process.h"
#include "estiva/base/sys_socket.h"
#include "estiva/base/undo.h"

namespace estiva::engine {

namespace {

using Kind = RestartPolicy::Kind;

constexpr char kPromiseFile[] = "restarting";
constexpr size_t kMaxFile = 4096;

struct Promise {
  std::string boot;
  int32_t by = 0;
  uint64_t by_start = 0;
};
constexpr Key kPromiseKeys[] = {
    key_values::row<&Promise::boot>("boot"),
    key_values::row<&Promise::by>("by"),
    key_values::row<&Promise::by_start>("by-start"),
};

Result<void> write_promise(const Containers& containers, const std::string& id, int32_t by) {
  const Promise promise{TRY(boot_id()), by, TRY(process_start_time(by))};
  const std::string text = TRY(key_values::write(kPromiseKeys, &promise));
  const Fd directory = TRY(sys::open(containers.dir(id), O_RDONLY | O_DIRECTORY));
  return files::replace(directory, kPromiseFile, text, 0600);
}

Result<void> forget_promise(const Containers& containers, const std::string& id) {
  Result<void> removed = sys::unlinkat(FdView::cwd(), containers.file(id, kPromiseFile));
  return !removed.ok() && removed.error().errnum() == ENOENT ? Result<void>() : std::move(removed);
}

Result<Promise> read_promise(const Containers& containers, const std::string& id) {
  const std::string text = TRY(files::read_all(FdView::cwd(), containers.file(id, kPromiseFile), kMaxFile));
  Promise promise;
  TRY(key_values::parse(kPromiseKeys, &promise, text, key_values::Unknown::kIgnore));
  return promise;
}

bool is_of_this_boot(const Promise& promise) {
  const Result<std::string> boot = boot_id();
  return boot.ok() && promise.boot == boot.value();
}

Kind kind_of(const ContainerRecord& record) {
  const Result<RestartPolicy> policy = parse_restart(record.options.restart);
  return !policy.ok() || record.stopped_by_user || record.removing ? Kind::kNo : policy.value().kind;
}

bool wants_restart(const ContainerRecord& record, const shim::ExitRecord& exit) {
  if (exit.told_to_end) return false;
  switch (kind_of(record)) {
    case Kind::kNo:
      return false;
    case Kind::kAlways:
    case Kind::kUnlessStopped:
      return true;
    case Kind::kOnFailure: {
      const uint32_t most = parse_restart(record.options.restart).value().most;
      return exit.code != 0 && (most == 0 || record.restarts < most);
    }
  }
  return false;
}

// With back-off: a program that ends at once must not take the machine.
Result<void> restart(const Engine& engine, ContainerRecord record, const shim::ExitRecord& exit) {
  constexpr int kFirst = 100, kMost = 60'000;
  const bool lived_long = exit.finished_ns - exit.started_ns > 10'000'000'000;
  int delay = kFirst;
  for (uint32_t i = 0; !lived_long && i < record.restarts && delay < kMost; ++i) delay *= 2;
  (void)sys::poll({}, std::min(delay, kMost));
  {
    const Fd lock = TRY(engine.containers.lock(record.id));
    record = TRY(engine.containers.read(record.id));
    const bool ended = TRY(condition_of(engine.containers, record)) == Condition::kExited;
    if (!ended || !wants_restart(record, exit)) return {};
    ++record.restarts;
    TRY(engine.containers.write(record));
  }
  TRY(start_container(engine, record.id, {.by_policy = true}));
  return {};
}

}  // namespace

Result<void> promise_restart(const Engine& engine, const ContainerRecord& record) {
  if (kind_of(record) == Kind::kNo) return {};
  return write_promise(engine.containers, record.id, sys::getpid());
}

Result<void> keep_promise(const Engine& engine, const ContainerRecord& record) {
  const Containers& containers = engine.containers;
  const Undo kept([&] { (void)forget_promise(containers, record.id); });
  const Result<shim::ExitRecord> exit = read_exit(containers.file(record.id, shim::kExitFile));
  if (exit.ok() && wants_restart(record, exit.value())) return restart(engine, record, exit.value());
  return {};
}

bool is_promise_broken(const Containers& containers, const std::string& id) {
  const Result<Promise> promise = read_promise(containers, id);
  if (!promise.ok()) return false;
  return !is_of_this_boot(promise.value()) || !is_alive(promise.value().by, promise.value().by_start);
}

Result<void> pass_promise(const Engine& engine, const std::string& id) {
  const ContainerRecord record = TRY(engine.containers.read(id));
  const Status status = TRY(status_of(engine.containers, record));
  const Result<Promise> promise = read_promise(engine.containers, id);
  const bool stands = promise.ok() && is_of_this_boot(promise.value());
  if (!stands || status.condition != Condition::kExited || !wants_restart(record, status.exit))
    return forget_promise(engine.containers, id);
  process::Command command;
  command.path = engine.program;
  command.args = after_exit_command(engine, id);
  command.env = environment();
  command.own_session = true;
  const Fd null = TRY(sys::open("/dev/null", O_RDWR));
  const pid_t pid = TRY(process::spawn(command, {null, null, null}));
  return write_promise(engine.containers, id, pid);
}

}  // namespace estiva::engine
