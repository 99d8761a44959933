// SPDX-License-Identifier: Apache-2.0
// The container's first process, from clone to exec: a table of contents. Each line is a step of its own file; the
// order is the contract, and where it matters the reason stands beside it.
#include "runtime/child/init.h"

#include <linux/close_range.h>
#include <sched.h>
#include <sys/prctl.h>

#include <algorithm>

#include "estiva/base/sys_process.h"
#include "estiva/base/sys_socket.h"
#include "runtime/child/steps.h"

namespace estiva::child {

namespace {

bool joins_pid_namespace(const Context& c) { return c.plan.namespaces.joins(CLONE_NEWPID) != nullptr; }

// Masks and read-only paths come after everything that still has to look below them.
Result<void> close_rootfs(Context& c) {
  TRY(apply_readonly_paths(c));
  TRY(apply_masked_paths(c));
  return make_root_readonly(c);
}

Result<void> build_rootfs(Context& c, sync::Channel& parent) {
  const bool joins_pid = joins_pid_namespace(c);
  TRY(attach_rootfs(c));
  TRY(apply_mounts(c, joins_pid ? Part::kOutsideProc : Part::kAll));
  TRY(apply_devices(c));
  TRY(apply_links(c, c.plan.rootfs.links));
  if (!c.plan.hooks.prestart.empty() || !c.plan.hooks.create_runtime.empty())
    TRY(parent.ask(sync::Type::kHooks));
  TRY(run_hooks(c.plan.hooks.create_container, "createContainer", c.creating));
  TRY(make_working_directory(c));
  TRY(open_terminal(c));
  TRY(write_sysctls(c));
  if (!joins_pid) TRY(close_rootfs(c));
  c.host_proc.reset();
  TRY(enter_rootfs(c));
  if (!joins_pid) return {};
  // Other processes of that namespace could trace us (CAP_SYS_PTRACE): by now there is nothing of the host to find.
  TRY(enter_pid_namespace(c, parent));
  TRY(apply_mounts(c, Part::kProc));
  return close_rootfs(c);
}

Result<void> prepare_process(Context& c) {
  TRY(set_names(c));
  if (!c.plan.process) return {};
  TRY(use_terminal(c));
  TRY(prepare_environment(c));
  TRY(set_limits(c));
  TRY(drop_privileges(c));
  return find_program(c);
}

// From here on the init may wait for long: it keeps the start gate and what the program is to have, nothing of the
// host (CVE-2016-9962, CVE-2024-21626).
Result<void> close_all_but_gate(const Context& c) {
  const unsigned socket = static_cast<unsigned>(c.start_socket.number());
  const unsigned lock = static_cast<unsigned>(c.start_lock.number());
  const unsigned low = std::min(socket, lock);
  const unsigned high = std::max(socket, lock);
  unsigned first = 3 + (c.plan.process ? c.plan.process->preserve_fds : 0);
  for (const unsigned kept : {low, high}) {
    if (first < kept) TRY(sys::close_range(first, kept - 1, 0));
    first = kept + 1;
  }
  return sys::close_range(first, ~0u, 0);
}

Result<void> set_up(Context& c, sync::Channel& parent) {
  TRY(guard_process(parent));
  sys::umask(022);  // for what is made on the way; the program's own comes last
  TRY(join_cgroups(c));
  TRY(enter_namespaces(c, parent));
  TRY(sys::setsid());
  TRY(join_keyring(c));
  TRY(bring_up_loopback(c));
  TRY(build_rootfs(c, parent));
  TRY(prepare_process(c));
  // The parent may end as soon as it has answered; before that, its end closes the channel.
  TRY(sys::prctl(PR_SET_PDEATHSIG, 0));
  TRY(parent.ask(sync::Type::kReady));
  parent.close();
  return close_all_but_gate(c);
}

// Waits for `start`. One that ends before it has said so is forgotten, the next may come.
Result<sync::Channel> wait_for_start(const Context& c) {
  for (;;) {
    sync::Channel starter(TRY(sys::accept(c.start_socket)));
    Result<sync::Message> message = starter.receive();
    if (message.ok() && message.value().type == sync::Type::kStart) return starter;
  }
}

// Nothing but the filter and exec may come after load_filter: it may forbid every other call.
Error start(Context& c) {
  TRY(run_hooks(c.plan.hooks.start_container, "startContainer", c.created));
  if (!c.plan.process) return Error::invalid("/process", "is required to start the container");
  TRY(sys::close_range(3 + c.plan.process->preserve_fds, ~0u, CLOSE_RANGE_CLOEXEC));
  TRY(load_filter(c));
  return execute(c);
}

}  // namespace

Error init(Context& c, sync::Channel& parent) {
  if (Result<void> done = set_up(c, parent); !done.ok()) return std::move(done).error();
  sync::Channel starter = TRY(wait_for_start(c));
  c.start_socket.reset();
  const Error error = start(c);
  (void)starter.send_error(error);
  return Error(Code::kInternal, "");
}

}  // namespace estiva::child
