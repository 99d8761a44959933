// SPDX-License-Identifier: Apache-2.0
// estiva start: lets the program of a created container run.
#include "runtime/parent/start.h"

#include "estiva/base/sys_process.h"
#include "runtime/commands/command.h"
#include "runtime/parent/notify.h"

namespace estiva {

namespace {

Result<int> start(Invocation& in) {
  const std::string id = TRY(parse_operands(kStart, nullptr, in, 1, 1))[0];
  const Store store = TRY(Store::open(in.global.root, false));
  StoredContainer found = TRY(load_container(store, id, Lock::kWait));
  StartGate gate = TRY(open_start_gate(found.dir, found.record));
  NotifyProxy notify = TRY(NotifyProxy::open(found.dir, host_notify_socket()));
  // Before it may end; with no proxy nobody asks for it.
  const Fd pidfd = notify.valid() ? TRY(sys::pidfd_open(found.record.pid)) : Fd();
  TRY(start_container(store, found.dir, found.record, gate, in.log));
  TRY(unlock(found.dir));
  TRY(notify.wait(pidfd, found.record.pid, in.log));
  return 0;
}

}  // namespace

const Command kStart = {"start", "ID", "start the program of a created container", {}, start};

}  // namespace estiva
