// SPDX-License-Identifier: Apache-2.0
// A further process of a running container, from clone to exec: a table of contents, as init.cc. There are two
// processes. The first stays outside the container's pid namespace, where none of the container's processes can trace
// it, while it still has our privileges and joins, prepares and gives them up. The second is born inside with no more
// than the program will have (CVE-2016-9962): what is left to do is its own terminal, filter and exec.
#include "runtime/child/exec.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "estiva/base/files.h"
#include "estiva/base/sys_mount.h"
#include "estiva/base/sys_process.h"
#include "estiva/base/text.h"
#include "runtime/child/limits.h"
#include "runtime/child/steps.h"

namespace estiva::child {

namespace {

// While it still sees the host's procfs; the process that is cloned from this one inherits the value.
Result<void> adjust_oom_score(const Context& c) {
  if (!c.plan.process->oom_score_adj) return {};
  Result<void> written = files::write_kernel(FdView::cwd(), "/proc/self/oom_score_adj",
                                             text::cat(*c.plan.process->oom_score_adj));
  if (written.ok()) return {};
  Error error = std::move(written).error().object("/process/oomScoreAdj");
  if (error.errnum() != EACCES) return error;
  return std::move(error).hint("lowering it needs CAP_SYS_RESOURCE");
}

// Before Linux 5.8 setns(2) takes no pidfd.
Result<void> join_one_by_one(Context& c) {
  for (const NamespaceJoin& join : c.plan.namespaces.join) {
    const std::string file = text::cat("ns", join.path.substr(join.path.rfind('/')));
    c.namespaces.push_back(
        TRY(sys::openat(c.target_proc, file, O_RDONLY).context([&] { return join.object; })));
  }
  return join_namespaces(c, 0);
}

Result<void> join_container(Context& c) {
  uint64_t flags = 0;
  for (const NamespaceJoin& join : c.plan.namespaces.join) flags |= join.flag;
  if (flags == 0) return {};
  Result<void> joined = sys::setns(c.target_pidfd, static_cast<int>(flags));
  if (joined.ok()) return {};
  if (joined.error().errnum() == EINVAL) return join_one_by_one(c);
  return std::move(joined).context([] { return "the container's namespaces"; });
}

Result<void> enter_root(Context& c) {
  if (c.target_root.valid()) {
    TRY(sys::fchdir(c.target_root));
    TRY(sys::chroot("."));
  }
  c.entered = true;
  c.root = TRY(RootDir::open("/").context([] { return "the container's root"; }));
  return {};
}

// A change of ids or of the user namespace makes a process of ours readable where fs.suid_dumpable says so.
Result<void> hide() {
  TRY(sys::prctl(PR_SET_DUMPABLE, 0));
  return guard_process();
}

Result<void> set_up(Context& c) {
  TRY(guard_process());
  TRY(adjust_oom_score(c));
  TRY(join_cgroups(c));
  if (!c.plan.cgroup.path.empty()) TRY(take_final_cpus(c.plan.process->exec_cpus));
  TRY(join_container(c));
  TRY(become_root(c));
  TRY(hide());
  TRY(sys::setsid());
  TRY(join_keyring(c));
  TRY(set_labels(c));
  TRY(enter_root(c));
  TRY(open_terminal(c, false));
  TRY(become_program(c));
  return hide();
}

// Nothing of the host's is open any more when the second process is born.
Result<pid_t> clone_program(Context& c, const sync::Channel& parent) {
  TRY(close_all_but(c, {parent.fd().number(), c.terminal.number()}));
  struct clone_args args = {};
  args.flags = CLONE_PARENT;
  return sys::clone3(args);
}

Result<void> finish(Context& c, sync::Channel& parent) {
  TRY(sys::setsid());
  TRY(use_terminal(c));
  // Who asked for the program knows it from now on. A parent that has ended is told nothing: then this is the end here
  // too, since this process does not die with it.
  TRY(parent.send(sync::Type::kMoved));
  TRY(ask_limits(c, parent));
  return load_filter(c, parent);
}

Error run_program(Context& c, sync::Channel& parent) {
  Result<void> done = finish(c, parent);
  return done.ok() ? execute(c) : std::move(done).error();
}

}  // namespace

Error exec(Context& c, sync::Channel& parent) {
  if (Result<void> done = set_up(c); !done.ok()) return std::move(done).error();
  Result<pid_t> program = clone_program(c, parent);
  if (!program.ok()) return std::move(program).error();
  if (program.value() == 0) return run_program(c, parent);
  ::_exit(0);
}

}  // namespace estiva::child
