// SPDX-License-Identifier: Apache-2.0
// One connection, one document, one descriptor. The process that has loaded the filter must not send it itself: the
// profile may leave any of its calls to the agent. We take its descriptor by pidfd_getfd(2).
#include "runtime/parent/seccomp_agent.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "estiva/base/sys_process.h"
#include "estiva/base/sys_socket.h"
#include "estiva/base/text.h"

namespace estiva {

namespace {

constexpr std::string_view kAgent = "seccomp agent";

Error no_agent(Error error) {
  return std::move(error).hint("the seccomp agent must listen before the container is started");
}

}  // namespace

Result<void> check_seccomp_agent(const SeccompPlan& plan) {
  const std::string& path = plan.profile.listener_path;
  if (path.empty()) return {};
  const std::string where = text::cat(plan.agent_object, " ", path);
  Result<struct stat> found = sys::fstatat(FdView::cwd(), path, 0);
  if (!found.ok()) return no_agent(std::move(found).error().object(where));
  if (S_ISSOCK(found.value().st_mode)) return {};
  return no_agent(Error::invalid(where, "is not a socket"));
}

Result<SeccompAgent> connect_seccomp_agent(const Record& record, spec::Status status) {
  SeccompAgent agent;
  if (record.seccomp_listener.empty()) return agent;
  agent.state.oci_version = spec::kVersion;
  agent.state.fds = {"seccompFd"};
  agent.state.metadata = record.seccomp_metadata;
  agent.state.state = make_state(record, status);
  agent.socket = TRY(sys::unix_socket(SOCK_STREAM));
  Result<void> connected = sys::connect_unix(agent.socket, record.seccomp_listener);
  if (!connected.ok())
    return no_agent(std::move(connected).error().object(text::cat(kAgent, " ", record.seccomp_listener)));
  return agent;
}

Result<void> give_listener(SeccompAgent& agent, FdView process, pid_t pid, std::string_view told) {
  const auto number = text::number<int>(told);
  if (!number) return Error(Code::kInternal, "the listener has no number");
  Result<Fd> listener = sys::pidfd_getfd(process, *number);
  if (!listener.ok() && listener.error().errnum() == ENOSYS)
    return Error::unsupported("SCMP_ACT_NOTIFY", "needs pidfd_getfd(2), Linux 5.6");
  const Fd taken = TRY(std::move(listener).context([] { return "the seccomp filter's listener"; }));
  agent.state.pid = pid;
  TRY(sys::send_message(agent.socket, spec::to_json(agent.state), taken).context([] {
    return std::string(kAgent);
  }));
  agent.socket.reset();
  return {};
}

Error lost_listener(std::string_view process) {
  return Error(Code::kSystem, text::cat(process, " ended when its seccomp filter was loaded"))
      .hint("a profile with SCMP_ACT_NOTIFY has to allow write");
}

}  // namespace estiva
