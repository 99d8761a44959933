// SPDX-License-Identifier: Apache-2.0
// The init's way into its cgroups and namespaces.
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "estiva/base/files.h"
#include "estiva/base/sys_process.h"
#include "estiva/base/sys_socket.h"
#include "estiva/base/text.h"
#include "runtime/child/steps.h"

namespace estiva::child {

namespace {

std::string normalised(std::string_view map) {
  std::string out;
  for (const std::string& line : text::split(map, '\n')) {
    for (const std::string& word : text::split(line, ' ')) {
      if (!word.empty()) out += text::cat(word, " ");
    }
  }
  return out;
}

// The configuration may repeat the mappings of a user namespace that it joins; they must be the ones.
Result<void> check_joined_maps(const Context& c) {
  if (c.plan.namespaces.joins(CLONE_NEWUSER) == nullptr) return {};
  const std::pair<const char*, const std::string*> maps[] = {{"uid_map", &c.plan.namespaces.uid_map},
                                                             {"gid_map", &c.plan.namespaces.gid_map}};
  for (const auto& [file, expected] : maps) {
    if (expected->empty()) continue;
    const std::string actual = TRY(files::read_all(c.host_proc, text::cat("self/", file), 65536));
    if (normalised(actual) != normalised(*expected)) {
      return Error::invalid(file[0] == 'u' ? "/linux/uidMappings" : "/linux/gidMappings",
                            "differs from the mappings of the user namespace that is joined");
    }
  }
  return {};
}

// timens_offsets(7): the offsets are written before the first process is inside.
Result<void> enter_time_namespace(const Context& c) {
  if (!c.plan.namespaces.creates(CLONE_NEWTIME)) return {};
  TRY(sys::unshare(CLONE_NEWTIME));
  if (!c.plan.namespaces.time_offsets.empty()) {
    TRY(files::write_kernel(c.host_proc, "self/timens_offsets", c.plan.namespaces.time_offsets).context([] {
      return "/linux/timeOffsets";
    }));
  }
  const Fd ns = TRY(sys::openat(c.host_proc, "self/ns/time_for_children", O_RDONLY));
  return sys::setns(ns, CLONE_NEWTIME);
}

}  // namespace

// A user namespace gives power only over the namespaces below it: those of the host are joined before it, those
// that belong to it after. Which is which, the kernel knows.
Result<void> join_namespaces(Context& c, uint64_t except) {
  const std::vector<NamespaceJoin>& joins = c.plan.namespaces.join;
  std::vector<bool> left(joins.size(), true);
  const auto join_all = [&](bool last) -> Result<void> {
    for (size_t i = 0; i < joins.size(); ++i) {
      if (!left[i] || joins[i].flag == CLONE_NEWUSER || (joins[i].flag & except) != 0) continue;
      Result<void> joined = sys::setns(c.namespaces[i], static_cast<int>(joins[i].flag));
      if (!joined.ok() && !last && joined.error().errnum() == EPERM) continue;
      if (!joined.ok()) return std::move(joined).error().object(joins[i].object).context(joins[i].path);
      left[i] = false;
    }
    return {};
  };
  TRY(join_all(c.plan.namespaces.joins(CLONE_NEWUSER) == nullptr));
  for (size_t i = 0; i < joins.size(); ++i) {
    if (joins[i].flag != CLONE_NEWUSER) continue;
    TRY(sys::setns(c.namespaces[i], CLONE_NEWUSER).context([&] { return joins[i].path; }));
    TRY(join_all(true));
  }
  c.joined = true;
  return {};
}

Result<void> guard_process() {
  // A parent that has ended before that line does not answer the next question.
  TRY(sys::prctl(PR_SET_PDEATHSIG, SIGKILL));
  return {};
}

Result<void> become_root(const Context& c) {
  if (!c.plan.namespaces.has(CLONE_NEWUSER)) return {};
  TRY(sys::setresgid(0).context([] { return "root of the user namespace"; }));
  TRY(sys::setresuid(0).context([] { return "root of the user namespace"; }));
  // A change of ids clears it.
  TRY(sys::prctl(PR_SET_PDEATHSIG, SIGKILL));
  return {};
}

Result<void> join_cgroups(Context& c) {
  for (const Fd& tasks : c.cgroup_tasks) TRY(sys::write(tasks, "0", 1).context([] { return "join cgroup"; }));
  c.cgroup_tasks.clear();
  return {};
}

Result<void> enter_namespaces(Context& c, sync::Channel& parent) {
  if (!c.joined) TRY(join_namespaces(c, CLONE_NEWPID));  // else the stager has (parent/spawn)
  TRY(check_joined_maps(c));
  if (c.plan.namespaces.creates(CLONE_NEWUSER)) {
    TRY(parent.ask(sync::Type::kMapIds));
    TRY(sys::prctl(PR_SET_DUMPABLE, 0));
  }
  // Only now: the new cgroup namespace shows what its first process is in (cgroup_namespaces(7)).
  if (c.plan.namespaces.creates(CLONE_NEWCGROUP)) TRY(sys::unshare(CLONE_NEWCGROUP));
  if (!c.plan.cgroup.delegated.empty()) TRY(parent.ask(sync::Type::kCgroup));
  TRY(enter_time_namespace(c));
  for (size_t i = 0; i < c.namespaces.size(); ++i) {
    if (c.plan.namespaces.join[i].flag != CLONE_NEWPID) c.namespaces[i].reset();
  }
  return {};
}

Result<void> enter_pid_namespace(Context& c, sync::Channel& parent) {
  for (size_t i = 0; i < c.namespaces.size(); ++i) {
    if (!c.namespaces[i].valid()) continue;
    TRY(sys::setns(c.namespaces[i], CLONE_NEWPID).context([&] { return c.plan.namespaces.join[i].path; }));
    c.namespaces[i].reset();
  }
  // The new process waits until this one has ended: only then the channel is its own.
  sys::Pipe turn = TRY(sys::pipe());
  struct clone_args args = {};
  args.flags = CLONE_PARENT;
  const pid_t pid = TRY(sys::clone3(args));
  if (pid == 0) {
    turn.write.reset();
    char end;
    TRY(sys::read(turn.read, &end, 1));
    return guard_process();
  }
  const Result<std::string> told = parent.ask(sync::Type::kMoved, text::cat(pid));
  ::_exit(told.ok() ? 0 : 1);
}

}  // namespace estiva::child
