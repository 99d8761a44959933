// SPDX-License-Identifier: Apache-2.0
// Makes the container's first process. Usually one clone3 with all new namespaces. A user namespace complicates it:
// other namespaces are joined before a new one is entered, and new ones belong to a joined one only when they are
// made after it. Then a stager joins, makes the init as its sibling, tells its number, and ends.
#include "runtime/parent/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "estiva/base/sys_process.h"
#include "estiva/base/sys_socket.h"
#include "estiva/base/text.h"
#include "runtime/child/init.h"
#include "runtime/child/steps.h"
#include "runtime/parent/clone.h"

namespace estiva {

namespace {

bool needs_stager(const NamespacePlan& plan) {
  const bool others = plan.join.size() > (plan.joins(CLONE_NEWPID) != nullptr ? 1 : 0);
  return plan.joins(CLONE_NEWUSER) != nullptr || (plan.creates(CLONE_NEWUSER) && others);
}

// The cgroup and time namespaces are made later, by the child itself.
uint64_t clone_flags(const NamespacePlan& plan) {
  return plan.create &
         (CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWUSER);
}

// The child's only two ways out are exec, far inside, and the end of this function.
[[noreturn]] void run_child(child::Context& c, sync::Channel& channel) {
  const Error error = child::init(c, channel);
  end_child(channel, error);
}

// In the stager. Ends with the number of the init in the pipe, or an error on the channel.
[[noreturn]] void run_stager(child::Context& c, sync::Channel& channel, sys::Pipe& pipe) {
  const auto stage = [&]() -> Result<pid_t> {
    TRY(child::guard_process());
    TRY(child::join_namespaces(c, CLONE_NEWPID));
    return TRY(clone(clone_flags(c.plan.namespaces) | CLONE_PARENT, FdView::of_number(-1), 0)).pid;
  };
  const Result<pid_t> pid = stage();
  if (!pid.ok()) end_child(channel, pid.error());
  if (pid.value() == 0) {
    pipe.write.reset();
    pipe.read.reset();
    run_child(c, channel);
  }
  const bool told = sys::write_all(pipe.write, text::cat(pid.value())).ok();
  ::_exit(told ? 0 : 1);
}

Result<pid_t> staged_pid(pid_t stager, sys::Pipe& pipe, sync::Channel& channel) {
  pipe.write.reset();
  char buffer[16];
  const Result<size_t> size = sys::read(pipe.read, buffer, sizeof buffer);
  TRY(sys::wait_pid(stager));
  if (size.ok() && size.value() > 0) {
    if (const auto pid = text::number<pid_t>(std::string_view(buffer, size.value()))) return *pid;
  }
  const sync::Message message = TRY(channel.receive());
  if (message.type == sync::Type::kError) return sync::decode_error(message.payload);
  return Error(Code::kInternal, "the process that joins namespaces ended early");
}

}  // namespace

InitProcess::~InitProcess() {
  if (pid_ == 0) return;
  (void)sys::kill(pid_, SIGKILL);
  (void)sys::wait_pid(pid_);
}

Result<void> InitProcess::open_pidfd() {
  pidfd_ = TRY(sys::pidfd_open(pid_));
  return {};
}

Result<void> InitProcess::move_to(pid_t pid) {
  const pid_t before = std::exchange(pid_, pid);
  TRY(sys::wait_pid(before));
  return open_pidfd();
}

Result<InitProcess> spawn(child::Context& c, FdView cgroup) {
  // Before any process of ours is inside: none of them may be traced or read from there (CVE-2016-9962). The id maps
  // of such a process only root can write: without privilege the child does it itself, once it is mapped.
  const bool mapped_by_user = c.plan.namespaces.creates(CLONE_NEWUSER) && sys::effective_uid() != 0;
  if (!mapped_by_user) TRY(sys::prctl(PR_SET_DUMPABLE, 0));
  const uint64_t ignored = TRY(ignored_signals());
  sys::SocketPair pair = TRY(sys::socketpair(SOCK_SEQPACKET));
  sys::Pipe pipe;
  const bool staged = needs_stager(c.plan.namespaces);
  if (staged) pipe = TRY(sys::pipe());
  Cloned cloned = TRY(clone_into(c, staged ? 0 : clone_flags(c.plan.namespaces), cgroup));
  if (cloned.pid == 0) {
    pair.first.reset();
    sync::Channel channel(std::move(pair.second));
    if (const Result<void> reset = reset_signals(ignored); !reset.ok()) end_child(channel, reset.error());
    if (staged) run_stager(c, channel, pipe);
    run_child(c, channel);
  }
  pair.second.reset();
  pair.first.close_later();  // an init that still waits for an answer is killed
  sync::Channel channel(std::move(pair.first));
  if (!staged) return InitProcess(cloned.pid, std::move(cloned.pidfd), std::move(channel));
  const pid_t pid = TRY(staged_pid(cloned.pid, pipe, channel));
  InitProcess init(pid, Fd(), std::move(channel));
  TRY(init.open_pidfd());
  return init;
}

}  // namespace estiva
