// SPDX-License-Identifier: Apache-2.0
// Adds mounts to a container that is there already, and removes some.
#include "runtime/parent/later_mounts.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>

#include "estiva/base/sys_process.h"
#include "estiva/base/sys_socket.h"
#include "estiva/base/text.h"
#include "runtime/child/later_mounts.h"
#include "runtime/parent/host.h"
#include "runtime/parent/sources.h"
#include "runtime/parent/status.h"
#include "runtime/plan/parts.h"
#include "runtime/sync/protocol.h"

namespace estiva {

namespace {

// The pid namespace is left out: whoever is in it can be traced from inside (CVE-2016-9962).
struct Kind {
  const char* name;
  uint64_t flag;
};
constexpr Kind kKinds[] = {
    {"user", CLONE_NEWUSER}, {"mnt", CLONE_NEWNS}, {"ipc", CLONE_NEWIPC}, {"net", CLONE_NEWNET}};

Error ended(const Record& record) {
  return Error(Code::kState, text::cat("container not running: ", text::quote(record.id), " has stopped"));
}

// Those in which the container is apart from us.
Result<std::vector<NamespaceJoin>> joins_of(const Record& record) {
  std::vector<NamespaceJoin> joins;
  for (const Kind& kind : kKinds) {
    std::string path = text::cat("/proc/", record.pid, "/ns/", kind.name);
    const Result<struct stat> theirs = sys::fstatat(FdView::cwd(), path, 0);
    if (!theirs.ok()) return ended(record);
    const struct stat ours = TRY(sys::fstatat(FdView::cwd(), text::cat("/proc/self/ns/", kind.name), 0));
    if (theirs.value().st_ino != ours.st_ino) joins.push_back({kind.flag, std::move(path), ""});
  }
  return joins;
}

Result<std::vector<NamespaceJoin>> check_joins(const Record& record) {
  if (!init_alive(record)) return ended(record);
  std::vector<NamespaceJoin> joins = TRY(joins_of(record));
  for (const NamespaceJoin& join : joins) {
    if (join.flag == CLONE_NEWNS) return joins;
  }
  return Error(Code::kUnsupported,
               text::cat("container ", text::quote(record.id), " has no mount namespace of its own"));
}

// In a process of its own: joining a mount namespace can't be taken back.
Result<void> in_process(const std::function<Result<void>()>& work) {
  TRY(sys::prctl(PR_SET_DUMPABLE, 0));
  sys::SocketPair pair = TRY(sys::socketpair(SOCK_SEQPACKET));
  struct clone_args args = {};
  args.exit_signal = SIGCHLD;
  const pid_t pid = TRY(sys::clone3(args));
  if (pid == 0) {
    sync::Channel channel(std::move(pair.second));
    const Result<void> done = work();
    const Result<void> told = done.ok() ? channel.send(sync::Type::kDone) : channel.send_error(done.error());
    ::_exit(done.ok() && told.ok() ? 0 : 1);
  }
  pair.second.reset();
  sync::Channel channel(std::move(pair.first));
  Result<sync::Message> message = channel.receive();
  TRY(sys::wait_pid(pid));
  const sync::Message answer = TRY(std::move(message));
  if (answer.type == sync::Type::kDone) return {};
  if (answer.type == sync::Type::kError) return sync::decode_error(answer.payload);
  return Error(Code::kInternal, "the process in the container's mount namespace ended early");
}

}  // namespace

Result<void> add_mounts(const Record& record, const std::vector<spec::Mount>& mounts) {
  std::vector<NamespaceJoin> joins = TRY(check_joins(record));
  const HostFacts facts = TRY(gather_host_facts(spec::Spec()));
  RunOptions options;
  options.id = record.id;
  options.bundle = record.bundle;
  const std::vector<Plan> plans = TRY(plan::plan_later_mounts(mounts, facts, options, std::move(joins)));
  std::vector<child::Context> contexts;
  contexts.reserve(plans.size());
  for (const Plan& plan : plans) {
    contexts.push_back(child::Context{.plan = plan});
    TRY(open_sources(contexts.back()));
    contexts.back().host_proc = TRY(open_host_proc());
  }
  // The number may have been given to another process meanwhile.
  if (!init_alive(record)) return ended(record);
  if (contexts.empty()) return {};
  return in_process([&] { return child::add_later(contexts); });
}

Result<void> remove_mounts(const Record& record, const std::vector<std::string>& destinations) {
  Plan plan;
  plan.namespaces.join = TRY(check_joins(record));
  plan.rootfs.path = "/";
  child::Context context{.plan = plan};
  TRY(open_sources(context));
  context.host_proc = TRY(open_host_proc());
  if (!init_alive(record)) return ended(record);
  return in_process([&] { return child::remove_later(context, destinations); });
}

}  // namespace estiva
