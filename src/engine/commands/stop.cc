// SPDX-License-Identifier: Apache-2.0
// cais stop, kill, restart, wait, pause, unpause, rm, rename.
#include "engine/run/stop.h"

#include <signal.h>

#include <optional>

#include "engine/commands/containers.h"
#include "engine/container/names.h"
#include "engine/container/status.h"
#include "engine/run/after_exit.h"
#include "engine/run/pause.h"
#include "engine/run/remove.h"
#include "engine/run/signals.h"
#include "engine/run/start.h"
#include "estiva/base/sys_socket.h"
#include "estiva/base/text.h"

namespace estiva::engine {

namespace {

struct StopFlags {
  int64_t time = -1;
  std::string signal;
  bool patient = false;
};
constexpr Option kStopRows[] = {
    options::row<&StopFlags::time>('t', "time", "SECONDS",
                                   "wait so long before it is killed; 10 if not given"),
    options::row<&StopFlags::time>(0, "timeout", "SECONDS", "the same as --time"),
    options::row<&StopFlags::signal>('s', "signal", "SIGNAL",
                                     "send SIGNAL in place of the container's stop signal"),
    options::row<&StopFlags::patient>(0, "patient", nullptr, "wait even if the program ignores the signal"),
};

Result<void> stop_one(Invocation& in, const Engine& engine, const ContainerRecord& record,
                      const StopFlags& flags) {
  StopRequest request;
  request.signal = flags.signal.empty() ? 0 : TRY(signal_number(flags.signal));
  request.seconds = flags.time;
  request.patient = flags.patient;
  const std::string note = TRY(stop_container(engine, record, request));
  if (!note.empty()) in.log.warning(text::cat(record.name, ": ", note));
  return {};
}

Result<int> stop(Invocation& in) {
  StopFlags flags;
  const Strings operands = TRY(parse_operands(kStop, &flags, in, 1, SIZE_MAX));
  const Engine engine = TRY(open_containers(in));
  return for_each_container(in, engine, operands, [&](const ContainerRecord& record) {
    return stop_one(in, engine, record, flags);
  });
}

Result<int> restart(Invocation& in) {
  StopFlags flags;
  const Strings operands = TRY(parse_operands(kRestart, &flags, in, 1, SIZE_MAX));
  const Engine engine = TRY(open_containers(in));
  return for_each_container(in, engine, operands, [&](const ContainerRecord& record) -> Result<void> {
    TRY(stop_one(in, engine, record, flags));
    TRY(start_container(engine, record.id, {}));
    return {};
  });
}

struct KillFlags {
  std::string signal = "KILL";
};
constexpr Option kKillRows[] = {
    options::row<&KillFlags::signal>('s', "signal", "SIGNAL", "the signal to send; KILL if not given"),
};

Result<int> kill(Invocation& in) {
  KillFlags flags;
  const Strings operands = TRY(parse_operands(kKill, &flags, in, 1, SIZE_MAX));
  const int signal = TRY(signal_number(flags.signal));
  const Engine engine = TRY(open_containers(in));
  return for_each_container(in, engine, operands, [&](const ContainerRecord& record) {
    return signal_container(engine, record, signal);
  });
}

constexpr int kLook = 20;  // milliseconds until an end that nobody tells of is looked for

// The status of its end; of the last one where it does not run. It may end before its shim hears of us, and so may the shim;
// where it is restarted, it may even run and end between two looks.
Result<unsigned> wait_for(const Engine& engine, const ContainerRecord& record) {
  std::optional<int64_t> last_end;  // before we came
  for (;;) {
    const Status status = TRY(status_of(engine.containers, record));
    if (!last_end) last_end = status.exit.finished_ns;
    const bool ended_meanwhile = has_ended(status.condition) && status.exit.finished_ns != *last_end;
    if (status.condition == Condition::kCreated || status.condition == Condition::kExited || ended_meanwhile)
      return status.exit.code;
    const Result<ShimConnection> connection =
        ShimConnection::open(engine.containers.run_file(record.id, shim::kSocketFile), {});
    const Result<shim::Exit> exit =
        connection.ok() ? connection.value().await_exit() : Error::from_parts(connection.error().parts());
    if (exit.ok()) {
      connection.value().await_end();
      return unsigned{exit.value().code};
    }
    TRY(sys::poll({}, kLook));
    TRY(reconcile(engine));
    TRY(engine.containers.read(record.id));  // with --rm it may be gone
  }
}

Result<int> wait(Invocation& in) {
  const Strings operands = TRY(parse_operands(kWait, nullptr, in, 1, SIZE_MAX));
  const Engine engine = TRY(open_containers(in));
  int status = 0;
  for (const std::string& operand : operands) {
    const Result<void> done = [&]() -> Result<void> {
      const ContainerRecord record = TRY(engine.containers.find(operand));
      return print(text::cat(TRY(wait_for(engine, record)), "\n"));
    }();
    if (!done.ok()) in.log.error(done.error());
    if (!done.ok()) status = 1;
  }
  return status;
}

Result<int> pause(Invocation& in) {
  const Strings operands = TRY(parse_operands(kPause, nullptr, in, 1, SIZE_MAX));
  const Engine engine = TRY(open_containers(in));
  return for_each_container(in, engine, operands, [&](const ContainerRecord& record) {
    return pause_container(engine, record, PausedUntil::kUnpaused);
  });
}

Result<int> unpause(Invocation& in) {
  const Strings operands = TRY(parse_operands(kUnpause, nullptr, in, 1, SIZE_MAX));
  const Engine engine = TRY(open_containers(in));
  return for_each_container(in, engine, operands,
                            [&](const ContainerRecord& record) { return unpause_container(engine, record); });
}

struct RmFlags {
  bool force = false, volumes = false;
};
constexpr Option kRmRows[] = {
    options::row<&RmFlags::force>('f', "force", nullptr,
                                  "kill a running container first; one that does not exist is no error"),
    options::row<&RmFlags::volumes>('v', "volumes", nullptr,
                                    "accepted without effect: all volumes have names and stay"),
};

Result<int> rm(Invocation& in) {
  RmFlags flags;
  const Strings operands = TRY(parse_operands(kRm, &flags, in, 1, SIZE_MAX));
  const Engine engine = TRY(open_containers(in));
  Strings there;
  for (const std::string& operand : operands) {
    const bool known = engine.containers.find(operand).ok();
    if (!known && flags.force && TRY(remove_damaged(engine, operand))) TRY(print(operand + "\n"));
    if (known || !flags.force) there.push_back(operand);
  }
  return for_each_container(in, engine, there, [&](const ContainerRecord& record) {
    return remove_container(engine, record.id, flags.force);
  });
}

Result<int> rename(Invocation& in) {
  const Strings operands = TRY(parse_operands(kRename, nullptr, in, 2, 2));
  const Engine engine = TRY(open_containers(in));
  TRY(check_name(operands[1]));
  const ContainerRecord found = TRY(engine.containers.find(operands[0]));
  const Fd lock = TRY(engine.containers.lock(found.id));
  const Fd names = TRY(engine.containers.lock_names());
  for (const ContainerRecord& each : TRY(engine.containers.list()))
    if (each.name == operands[1]) return name_conflict(operands[1], each.id);
  ContainerRecord record = TRY(engine.containers.read(found.id));
  record.name = operands[1];
  TRY(engine.containers.write(record));
  return 0;
}

}  // namespace

const Command kStop = {"stop", "CONTAINER...", "end containers: by their stop signal, after a while by KILL",
                       kStopRows, stop};
const Command kRestart = {"restart", "CONTAINER...", "stop and start containers", kStopRows, restart};
const Command kKill = {"kill", "CONTAINER...", "send a signal to running containers", kKillRows, kill};
const Command kWait = {
    "wait", "CONTAINER...", "wait until containers end; print their exit status", {}, wait};
const Command kPause = {"pause", "CONTAINER...", "stop all processes of containers for a while", {}, pause};
const Command kUnpause = {"unpause", "CONTAINER...", "let paused containers go on", {}, unpause};
const Command kRm = {"rm", "CONTAINER...", "remove containers and what they wrote", kRmRows, rm};
const Command kRename = {"rename", "CONTAINER NAME", "give a container a new name", {}, rename};

}  // namespace estiva::engine
