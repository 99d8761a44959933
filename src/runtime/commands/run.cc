// SPDX-License-Identifier: Apache-2.0
// estiva run: create and start in one; attached, it stays until the container's end and removes it.
#include <errno.h>
#include <fcntl.h>
#include <sched.h>

#include "estiva/base/sys.h"
#include "runtime/commands/bundle.h"
#include "runtime/parent/foreground.h"
#include "runtime/parent/protect.h"
#include "runtime/parent/remove.h"
#include "runtime/parent/start.h"

namespace estiva {

namespace {

struct RunCommandOptions : CreateOptions {
  bool detach = false;
  bool keep = false;
  bool no_subreaper = false;
};

using R = RunCommandOptions;
constexpr Option kRunRows[] = {
    kBundleRow<R>,
    kConfigRow<R>,
    kConsoleRow<R>,
    kPidfdRow<R>,
    kExitRow<R>,
    kPidFileRow<R>,
    kNoPivotRow<R>,
    kNoKeyringRow<R>,
    kPreserveRow<R>,
    row_of<R, &R::detach>('d', "detach", nullptr, "run in the background"),
    row_of<R, &R::keep>(0, "keep", nullptr, "keep the container after its end"),
    row_of<R, &R::no_subreaper>(0, "no-subreaper", nullptr, "do not adopt orphans of the container"),
};

// By another command, or because a poststart hook failed.
bool is_deleted(const ContainerDir& dir) {
  const Result<struct stat> record = sys::fstatat(dir.dir, kRecordFile, AT_SYMLINK_NOFOLLOW);
  return !record.ok() && record.error().errnum() == ENOENT;
}

Result<int> run_attached(const Store& store, const Plan& plan, CreateRequest& request, Invocation& in,
                         const RunCommandOptions& given) {
  const bool terminal = plan.process && plan.process->terminal;
  // Orphans come to us only from our own pid namespace.
  const bool subreaper = !given.no_subreaper && !plan.namespaces.has(CLONE_NEWPID);
  Foreground foreground = TRY(Foreground::prepare(terminal, subreaper));
  request.console = foreground.take_console_socket();
  Created created = TRY(create_container(store, plan, request, in.log));
  const auto go = [&]() -> Result<int> {
    TRY(foreground.attach_terminal());
    foreground.forward(TRY(NotifyProxy::open(created.dir, host_notify_socket())));
    TRY(start_container(store, created.dir, created.record, created.gate, in.log));
    TRY(unlock(created.dir));
    const int code = TRY(foreground.wait(created.pidfd, created.record.pid, in.log));
    created.record.pid = 0;  // reaped
    return code;
  };
  Result<int> code = go();
  if (given.keep && code.ok()) return code;
  // A second chance: a lock that failed for a passing reason must not leave the container behind.
  if (!lock(created.dir, true).ok()) TRY(lock(created.dir, true));
  if (is_deleted(created.dir)) return code;
  Result<void> removed = remove_container(store, created.dir, created.record, in.log);
  if (code.ok() && !removed.ok()) return std::move(removed).error();
  return code;
}

Result<NotifyProxy> start_with_proxy(const Store& store, Created& created, Log& log) {
  NotifyProxy notify = TRY(NotifyProxy::open(created.dir, host_notify_socket()));
  TRY(start_container(store, created.dir, created.record, created.gate, log));
  return notify;
}

Result<int> run_detached(const Store& store, const Plan& plan, CreateRequest& request, Invocation& in) {
  Created created = TRY(create_container(store, plan, request, in.log));
  Result<NotifyProxy> started = start_with_proxy(store, created, in.log);
  if (started.ok()) {
    TRY(unlock(created.dir));
    TRY(started.value().wait(created.pidfd, created.record.pid, in.log));
    return 0;
  }
  // The program never ran: nothing of it may stay.
  if (!is_deleted(created.dir)) {
    Result<void> removed = remove_container(store, created.dir, created.record, in.log);
    if (!removed.ok()) in.log.error(removed.error());
  }
  return std::move(started).error();
}

Result<int> run(Invocation& in) {
  RunCommandOptions given;
  const std::string id = TRY(parse_operands(kRun, &given, in, 1, 1))[0];
  TRY(check_id(id));
  CreateRequest request = TRY(make_request(given, id, given.detach, in));
  TRY(settle_descriptors(request.options));
  TRY(protect_own_binary(in.argv));
  const Plan plan = TRY(load_plan(request.config, request.options, in.log));
  if (!plan.process) return Error::invalid("/process", "is required to start the container");
  const Store store = TRY(Store::open(in.global.root, true));
  request.start = true;
  if (given.detach) return run_detached(store, plan, request, in);
  return run_attached(store, plan, request, in, given);
}

}  // namespace

static constexpr const char* kRunExamples =
    "  estiva run --bundle bundle web\n"
    "  estiva run --bundle bundle --detach --pid-file web.pid web\n";
const Command kRun = {
    "run", "NEW-ID",    "make a container, start its program, wait for its end, delete it", kRunRows, run,
    false, kRunExamples};

}  // namespace estiva
