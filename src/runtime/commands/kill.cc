// SPDX-License-Identifier: Apache-2.0
// estiva kill: a signal for the init, or for every process of the cgroup.
#include <signal.h>

#include "estiva/base/sys_process.h"
#include "estiva/base/text.h"
#include "runtime/cgroup/manager.h"
#include "runtime/commands/command.h"
#include "runtime/commands/container.h"
#include "runtime/commands/select.h"
#include "runtime/parent/remove.h"
#include "runtime/parent/status.h"
#include "runtime/plan/names.h"

namespace estiva {

namespace {

struct KillOptions {
  bool all = false;
  bool regex = false;
};

constexpr Option kKillRows[] = {
    options::row<&KillOptions::all>('a', "all", nullptr, "send the signal to every process of the container"),
    options::row<&KillOptions::regex>('r', "regex", nullptr,
                                      "ID is a regular expression: all containers whose id matches"),
};

Result<void> send(const Record& record, int signal, bool all) {
  const bool has_cgroup = !record.cgroup.path.empty();
  // The init's end takes the others along only in a pid namespace of its own.
  if (has_cgroup && (all || (signal == SIGKILL && !record.own_pid_namespace)))
    return cgroup::kill_all(record.cgroup, signal);
  if (signal == SIGKILL) return kill_container(record);
  Result<Fd> pidfd = sys::pidfd_open(record.pid);
  if (!pidfd.ok() || !init_alive(record)) return not_running(record.id);
  return sys::pidfd_send_signal(pidfd.value(), signal);
}

Result<void> kill_one(const Store& store, const std::string& id, int signal, bool all) {
  const StoredContainer found = TRY(load_container(store, id, Lock::kNone));
  const spec::Status status = TRY(find_status(found.dir, found.record));
  if (status != spec::Status::kStopped && status != spec::Status::kCreating)
    return send(found.record, signal, all);
  if (!all) return not_running(found.record.id);
  if (found.record.cgroup.path.empty()) return {};
  return cgroup::kill_all(found.record.cgroup, signal);
}

Result<int> kill(Invocation& in) {
  KillOptions given;
  const std::vector<std::string> operands = TRY(parse_operands(kKill, &given, in, 1, 2));
  const std::string name = operands.size() > 1 ? operands[1] : "TERM";
  const auto signal = names::signal(name);
  if (!signal) return Error(Code::kInvalid, text::cat("unknown signal ", text::quote(name)));
  const Store store = TRY(Store::open(in.global.root, false));
  const auto act = [&](const std::string& id) { return kill_one(store, id, *signal, given.all); };
  if (given.regex) return for_each_match(store, operands[0], in.log, act);
  TRY(act(operands[0]));
  return 0;
}

}  // namespace

const Command kKill = {"kill", "ID [SIGNAL]",
                       "send a signal to the container's first process; TERM if not given", kKillRows, kill};

}  // namespace estiva
