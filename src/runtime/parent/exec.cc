// SPDX-License-Identifier: Apache-2.0
// Starts a further process in a container: what it joins is opened here, then it goes its way alone and only tells how
// far it came.
#include "runtime/parent/exec.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "estiva/base/sys_process.h"
#include "estiva/base/sys_socket.h"
#include "estiva/base/text.h"
#include "runtime/cgroup/manager.h"
#include "runtime/child/exec.h"
#include "runtime/child/limits.h"
#include "runtime/parent/clone.h"
#include "runtime/parent/exec_defaults.h"
#include "runtime/parent/handover.h"
#include "runtime/parent/host.h"
#include "runtime/parent/limits.h"
#include "runtime/parent/resctrl.h"
#include "runtime/parent/seccomp.h"
#include "runtime/parent/seccomp_agent.h"
#include "runtime/parent/sources.h"
#include "runtime/parent/spawn.h"
#include "runtime/parent/status.h"
#include "runtime/plan/names.h"

namespace estiva {

namespace {

bool is_gone(const Error& error) { return error.errnum() == ESRCH || error.errnum() == ENOENT; }

Error has_ended() { return Error(Code::kState, "container not running: its init has ended meanwhile"); }

// Those of the target that are not ours. What the configuration gave the container is the container's; for the others
// the caller need not be where `create` was called.
Result<uint64_t> differing_namespaces(const Target& target, const spec::Linux& linux) {
  uint64_t flags = 0;
  for (const spec::Namespace& one : linux.namespaces) {
    if (one.type != spec::NamespaceType::kUser) flags |= names::clone_flag(one.type);
  }
  for (size_t i = 0; i < std::size(spec::kNamespaceTypeNames); ++i) {
    const auto type = static_cast<spec::NamespaceType>(i);
    if ((flags & names::clone_flag(type)) != 0) continue;
    const std::string file = text::cat("ns/", names::proc_file(type));
    Result<struct stat> theirs = sys::fstatat(target.proc, file, 0);
    Result<struct stat> ours = sys::fstatat(FdView::cwd(), text::cat("/proc/self/", file), 0);
    if (!ours.ok() && ours.error().errnum() == ENOENT) continue;  // a kind that this kernel lacks
    if (!theirs.ok() && is_gone(theirs.error())) return has_ended();
    const struct stat own = TRY(std::move(ours));
    const struct stat other = TRY(std::move(theirs));
    if (own.st_ino != other.st_ino) flags |= names::clone_flag(type);
  }
  return flags;
}

// Those that count in the end, for the host to be asked about.
spec::Process labels_of(const ExecDefaults& container, const ExecOptions& options) {
  spec::Process labels;
  const auto take = [&](const std::string& profile, const std::string& label) {
    if (!profile.empty()) labels.apparmor_profile = profile;
    if (!label.empty()) labels.selinux_label = label;
  };
  if (container.process) take(container.process->apparmor_profile, container.process->selinux_label);
  if (options.document) take(options.document->apparmor_profile, options.document->selinux_label);
  take(options.apparmor_profile, options.selinux_label);
  return labels;
}

Result<HostFacts> facts_for_exec(const spec::Process& labels) {
  HostFacts facts;
  gather_label_facts(facts, labels, "");
  facts.last_capability = names::capability_count() - 1;
  facts.euid = sys::effective_uid();
  facts.capabilities = TRY(sys::permitted_capabilities());
  return facts;
}

// A process that the agent does not know of must not go on.
Result<void> answer_listener(pid_t pid, const std::string& listener, SeccompAgent& agent) {
  const Fd program = TRY(sys::pidfd_open(pid));
  return give_listener(agent, program, pid, listener);
}

Result<sync::Message> receive(sync::Channel& channel) {
  Result<sync::Message> received = channel.receive();
  // A second chance: what fails for a passing reason must not leave a process that nobody knows of.
  return received.ok() ? std::move(received) : channel.receive();
}

// Until both processes have ended or the second, which is `program` from its first message on, has executed it. They
// are killed when this fails.
Result<void> listen(InitProcess& stage, InitProcess& program, const Plan& plan, SeccompAgent& agent) {
  sync::Channel& channel = stage.channel();
  for (;;) {
    const sync::Message message = TRY(receive(channel));
    if (message.sender > 0 && message.sender != stage.pid()) program.take(message.sender);
    if (message.type == sync::Type::kEnd) break;
    if (message.type == sync::Type::kError) return sync::decode_error(message.payload);
    if (program.pid() == 0) return Error(Code::kInternal, "the process sent what it has no reason to");
    switch (message.type) {
      case sync::Type::kMoved:
        continue;
      case sync::Type::kLimits:
        TRY(apply_limits(program.pid(), plan));
        break;
      case sync::Type::kListener:
        TRY(answer_listener(program.pid(), message.payload, agent));
        break;
      default:
        return Error(Code::kInternal, "the process sent what it has no reason to");
    }
    TRY(channel.send(sync::Type::kDone));
  }
  if (program.pid() == 0) return Error(Code::kSystem, "the process ended before it executed the program");
  if (agent.socket.valid()) return lost_listener("the process");
  return {};
}

// The first of the two processes goes into the cgroup, the second takes after it.
Result<InitProcess> spawn_stage(child::Context& c, FdView cgroup) {
  TRY(sys::prctl(PR_SET_DUMPABLE, 0));
  const uint64_t ignored = TRY(ignored_signals());
  sys::SocketPair pair = TRY(sys::socketpair(SOCK_SEQPACKET));
  TRY(sys::tell_senders(pair.first));
  Cloned cloned = TRY(clone_into(c, 0, cgroup));
  if (cloned.pid == 0) {
    pair.first.reset();
    sync::Channel channel(std::move(pair.second));
    if (const Result<void> reset = reset_signals(ignored); !reset.ok()) end_child(channel, reset.error());
    end_child(channel, child::exec(c, channel));
  }
  pair.second.reset();
  return InitProcess(cloned.pid, std::move(cloned.pidfd), sync::Channel(std::move(pair.first)));
}

Result<Executed> follow(InitProcess& stage, const Plan& plan, SeccompAgent& agent) {
  InitProcess program(0, Fd(), sync::Channel(Fd()));
  TRY(listen(stage, program, plan, agent));
  TRY(sys::wait_pid(stage.pid()));
  stage.release();
  TRY(program.open_pidfd());
  const pid_t pid = program.pid();
  program.release();
  return Executed{pid, program.take_pidfd()};
}

// cgroups(7), "no internal processes": a container that has made cgroups with controllers below its own has no
// processes in it any more, and the kernel lets none in.
bool is_occupied(const Error& error) { return error.errnum() == EBUSY || error.errnum() == EOPNOTSUPP; }

Result<Executed> spawn_exec(child::Context& c, const StoredContainer& container, const ExecPlan& plan,
                            SeccompAgent& agent) {
  cgroup::CgroupHandle group = TRY(cgroup::open_to_join(container.record.cgroup, plan.cgroups));
  // It is cloned into the cgroup, so what it is to have before comes from us. A child of ours is born in our group of
  // resctrl.
  TRY(resctrl::join(container.record.resctrl, sys::getpid()));
  TRY(child::take_initial_cpus(plan.shared.process->exec_cpus));
  if (plan.follows_init)
    group.unified_dir = TRY(cgroup::open_where_init_is(container.record.cgroup, c.target_proc));
  const size_t hierarchies = group.v1_tasks.size();
  c.cgroup_tasks = std::move(group.v1_tasks);
  for (int attempt = 0;; ++attempt) {
    Result<Executed> executed = [&]() -> Result<Executed> {
      InitProcess stage = TRY(spawn_stage(c, group.unified_dir));
      return follow(stage, plan.shared, agent);
    }();
    const bool again =
        attempt == 0 && !executed.ok() && plan.cgroups.empty() && is_occupied(executed.error());
    if (!again) return executed;
    c.cgroup_tasks.resize(hierarchies);
    group.unified_dir = TRY(cgroup::open_where_init_is(container.record.cgroup, c.target_proc));
  }
}

// The record knows whether the profile has any use for a listener.
Result<SeccompAgent> plan_filter(child::Context& c, const StoredContainer& container) {
  if (!c.plan.seccomp) return SeccompAgent();
  spec::Seccomp profile = c.plan.seccomp->profile;
  profile.listener_path = container.record.seccomp_listener;
  c.filter_flags = TRY(seccomp_flags(profile));
  const bool created = TRY(find_status(container.dir, container.record)) == spec::Status::kCreated;
  return connect_seccomp_agent(container.record, created ? spec::Status::kCreated : spec::Status::kRunning);
}

}  // namespace

Result<Target> open_target(const Record& record) {
  Target target;
  if (record.pid == 0) return target;
  Result<Fd> pidfd = sys::pidfd_open(record.pid);
  Result<Fd> proc = sys::open(text::cat("/proc/", record.pid), O_PATH | O_DIRECTORY);
  for (const Result<Fd>* opened : {&pidfd, &proc}) {
    if (!opened->ok() && is_gone(opened->error())) return target;
  }
  target.pidfd = TRY(std::move(pidfd));
  target.proc = TRY(std::move(proc));
  return target;
}

Result<PreparedExec> prepare_exec(const StoredContainer& container, const Target& target,
                                  const ExecOptions& options, Log& log) {
  StoredDefaults kept = TRY(load_exec_defaults(container));
  ContainerFacts facts;
  facts.pid = container.record.pid;
  facts.cgroup = container.record.cgroup.path;
  facts.annotations = container.record.annotations;
  facts.namespaces = TRY(differing_namespaces(target, kept.defaults.linux));
  PreparedExec prepared;
  prepared.plan =
      TRY(plan_exec(kept.defaults, facts, TRY(facts_for_exec(labels_of(kept.defaults, options))), options));
  prepared.filter = std::move(kept.filter);
  for (const std::string& warning : prepared.plan.shared.warnings) log.warning(warning);
  return prepared;
}

void end_program(const Executed& executed) {
  (void)sys::pidfd_send_signal(executed.pidfd, SIGKILL);
  (void)sys::wait_pid(executed.pid);
}

Result<Executed> exec_in_container(const StoredContainer& container, Target& target, PreparedExec& prepared,
                                   const ExecRequest& request, Fd console) {
  const ExecPlan& plan = prepared.plan;
  child::Context c{.plan = plan.shared};
  c.filter = std::move(prepared.filter);
  c.filtered = !c.filter.empty();
  SeccompAgent agent = TRY(plan_filter(c, container));
  if (has_label(*plan.shared.process)) c.host_proc = TRY(open_host_proc());
  if (plan.enters_root) c.target_root = TRY(sys::openat(target.proc, "root", O_PATH | O_DIRECTORY));
  c.target_pidfd = std::move(target.pidfd);
  c.target_proc = std::move(target.proc);
  const PidFile pid_file = TRY(PidFile::open(request.pid_file));
  const Fd pidfd_socket = TRY(connect_socket(request.pidfd_socket, "pidfd socket"));
  c.console_socket = std::move(console);
  if (!request.console_socket.empty())
    c.console_socket = TRY(connect_socket(request.console_socket, "console socket"));
  give_stdio(*plan.shared.process);
  Result<Executed> executed = spawn_exec(c, container, plan, agent);
  // Of a process that ends meanwhile, and of its namespaces, the kernel says one thing or another: "No such process",
  // "Cannot allocate memory".
  const bool by_system = !executed.ok() && executed.error().code() == Code::kSystem;
  if (by_system && !init_alive(container.record)) return has_ended();
  if (!executed.ok()) return locate(request.options, std::move(executed).error());
  const auto report = [&]() -> Result<void> {
    TRY(send_pidfd(pidfd_socket, executed.value().pidfd, "setns"));
    return pid_file.write(executed.value().pid);
  };
  Result<void> reported = report();
  if (reported.ok()) return executed;
  end_program(executed.value());
  return std::move(reported).error();
}

}  // namespace estiva
