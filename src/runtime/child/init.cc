// SPDX-License-Identifier: Apache-2.0
// The container's first process, from clone to exec: a table of contents. Each line is a step of its own file; the
// order is the contract, and where it matters the reason stands beside it.
#include "runtime/child/init.h"

#include <linux/close_range.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>

#include "estiva/base/sys_process.h"
#include "estiva/base/sys_socket.h"
#include "runtime/child/limits.h"
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

// Processes of a pid namespace that is joined could trace us (CAP_SYS_PTRACE): nothing of the host may be left to find.
Result<void> close_for_strangers(const Context& c, const sync::Channel& parent) {
  std::vector<int> kept = {parent.fd().number(),    c.root.fd().number(),   c.null_tree.number(),
                           c.start_socket.number(), c.start_lock.number(),  c.terminal.number(),
                           c.hooks_stdout.number(), c.hooks_stderr.number()};
  for (const auto* list : {&c.mount_sources, &c.namespaces}) {
    for (const Fd& fd : *list) kept.push_back(fd.number());
  }
  return close_all_but(c, std::move(kept));
}

Result<void> build_rootfs(Context& c, sync::Channel& parent) {
  const bool joins_pid = joins_pid_namespace(c);
  TRY(attach_rootfs(c));
  TRY(apply_mounts(c, joins_pid ? Part::kOutsideProc : Part::kAll));
  TRY(apply_devices_and_links(c));
  // Also before ours: until the parent answers, the cgroup may be without its device rules.
  const spec::Hooks& hooks = c.plan.hooks;
  if (!hooks.prestart.empty() || !hooks.create_runtime.empty() || !hooks.create_container.empty())
    TRY(parent.ask(sync::Type::kHooks));
  TRY(run_hooks(c, hooks.create_container, "createContainer", c.creating));
  TRY(make_working_directory(c));
  TRY(open_terminal(c, true));
  TRY(write_sysctls(c));
  TRY(set_labels(c));
  if (!joins_pid) TRY(close_rootfs(c));
  TRY(enter_rootfs(c));
  if (!joins_pid) return {};
  TRY(close_for_strangers(c, parent));
  TRY(enter_pid_namespace(c, parent));
  TRY(apply_mounts(c, Part::kProc));
  return close_rootfs(c);
}

Result<void> prepare_process(Context& c, sync::Channel& parent) {
  TRY(set_names(c));
  if (!c.plan.process) return {};
  TRY(use_terminal(c));
  TRY(become_program(c));
  return ask_limits(c, parent);
}

Result<void> set_up(Context& c, sync::Channel& parent) {
  TRY(guard_process());
  TRY(join_cgroups(c));
  if (c.plan.cgroup_layout.mode != CgroupMode::kNone) TRY(take_final_cpus({}));
  TRY(enter_namespaces(c, parent));
  TRY(sys::setsid());
  TRY(join_keyring(c));
  TRY(bring_up_loopback(c));
  TRY(take_net_devices(c, parent));
  TRY(build_rootfs(c, parent));
  TRY(prepare_process(c, parent));
  // The parent may end as soon as it has answered; before that, its end closes the channel.
  TRY(sys::prctl(PR_SET_PDEATHSIG, 0));
  return {};
}

// Without its filter the program would be freer than its configuration says.
Result<void> take_filter(Context& c, std::string_view payload) {
  if (c.filtered == payload.empty() || payload.size() % sizeof(sock_filter) != 0)
    return Error(Code::kInternal, "the filter is lost");
  c.filter.resize(payload.size() / sizeof(sock_filter));
  if (c.filtered) memcpy(c.filter.data(), payload.data(), payload.size());
  return {};
}

// After create: the one who starts comes through the gate. The init may wait for long: it keeps the gate and what
// the program is to have, nothing of the host (CVE-2016-9962, CVE-2024-21626). A starter that ends before it has
// said so is forgotten, the next may come. Whoever is told that it is created finds it so, and unlocked.
Result<sync::Channel> wait_at_gate(Context& c, sync::Channel& parent) {
  TRY(close_all_but(c, {parent.fd().number(), c.start_socket.number(), c.start_lock.number(),
                        c.hooks_stdout.number(), c.hooks_stderr.number()}));
  TRY(take_filter(c, TRY(parent.ask(sync::Type::kReady))));
  parent.close();
  for (;;) {
    sync::Channel starter(TRY(sys::accept(c.start_socket)));
    Result<sync::Message> message = starter.receive();
    if (!message.ok() || message.value().type != sync::Type::kStart) continue;
    c.start_socket.reset();
    return starter;
  }
}

// The one to answer to. After run that is the parent itself.
Result<sync::Channel> wait_for_start(Context& c, sync::Channel& parent) {
  if (c.start_socket.valid()) return wait_at_gate(c, parent);
  TRY(parent.send(sync::Type::kReady));
  const sync::Message message = TRY(parent.receive());
  if (message.type != sync::Type::kStart) return Error(Code::kInternal, "the parent is gone");
  TRY(take_filter(c, message.payload));
  return std::move(parent);
}

// Nothing but the filter and exec may come after load_filter: it may forbid every other call.
Error start(Context& c, const sync::Channel& starter) {
  TRY(run_hooks(c, c.plan.hooks.start_container, "startContainer", c.created));
  if (!c.plan.process) return Error::invalid("/process", "is required to start the container");
  TRY(sys::close_range(3 + c.plan.process->preserve_fds, ~0u, CLOSE_RANGE_CLOEXEC));
  TRY(load_filter(c, starter));
  return execute(c);
}

}  // namespace

Error init(Context& c, sync::Channel& parent) {
  if (Result<void> done = set_up(c, parent); !done.ok()) return std::move(done).error();
  Result<sync::Channel> starter = wait_for_start(c, parent);
  if (!starter.ok()) return std::move(starter).error();
  const Error error = start(c, starter.value());
  (void)starter.value().send_error(error);
  return Error(Code::kInternal, "");
}

}  // namespace estiva::child
