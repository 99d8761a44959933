// SPDX-License-Identifier: Apache-2.0
// Starts the program of a created container.
#include "runtime/parent/start.h"

#include <sys/socket.h>

#include <algorithm>

#include "estiva/base/identity.h"
#include "estiva/base/sys_process.h"
#include "estiva/base/sys_socket.h"
#include "estiva/base/text.h"
#include "runtime/parent/hooks.h"
#include "runtime/parent/remove.h"
#include "runtime/parent/seccomp_agent.h"
#include "runtime/parent/status.h"
#include "runtime/sync/protocol.h"

namespace estiva {

namespace {

// The init, known by its number and start time: between the two questions it can't become another process.
Result<Fd> open_init(const Record& record) {
  Fd pidfd = TRY(sys::pidfd_open(record.pid));
  if (TRY(process_start_time(record.pid)) != record.start_time)
    return Error(Code::kState, "the container's init is gone");
  return pidfd;
}

// The init answers with an error, or its end of the connection goes away in exec.
Result<void> release_init(StartGate& gate, const Record& record) {
  SeccompAgent agent = TRY(connect_seccomp_agent(record, spec::Status::kCreated));
  const bool has_agent = agent.socket.valid();
  const Fd pidfd = has_agent ? TRY(open_init(record)) : Fd();
  sync::Channel& init = gate.init;
  TRY(init.send(sync::Type::kStart, gate.filter));
  sync::Message message = TRY(init.receive());
  if (message.type == sync::Type::kListener && has_agent) {
    TRY(give_listener(agent, pidfd, record.pid, message.payload));
    TRY(init.send(sync::Type::kDone));
    message = TRY(init.receive());
  } else if (message.type == sync::Type::kEnd && has_agent) {
    return lost_listener("the container's init");
  }
  if (message.type == sync::Type::kError) return sync::decode_error(message.payload);
  if (message.type != sync::Type::kEnd)
    return Error(Code::kInternal, "the init sent a question instead of an answer");
  return {};
}

// Of startContainer; what else the init may say has no consequence for the container (runtime.md, lifecycle).
bool is_of_hook(const Error& error) {
  return std::ranges::any_of(error.parts().context,
                             [](const std::string& noun) { return noun.starts_with("/hooks/"); });
}

}  // namespace

Result<StartGate> open_start_gate(const ContainerDir& dir, const Record& record) {
  const spec::Status status = TRY(find_status(dir, record));
  if (status != spec::Status::kCreated) {
    return Error(Code::kState, text::cat("cannot start container ", text::quote(record.id), " in the ",
                                         spec::name(status), " state"));
  }
  if (!record.has_process) return Error::invalid("/process", "is required to start the container");
  Fd socket = TRY(sys::unix_socket(SOCK_SEQPACKET));
  TRY(sys::connect_unix(socket, text::cat("/proc/self/fd/", dir.dir.number(), "/", kStartSocket)));
  return StartGate{sync::Channel(std::move(socket)), {}};
}

Result<void> start_container(const Store& store, const ContainerDir& dir, const Record& record,
                             StartGate& gate, Log& log) {
  Result<void> done = release_init(gate, record);
  if (!done.ok() && !is_of_hook(done.error())) return done;
  if (done.ok() && !record.hooks.poststart.empty())
    done = run_host_hooks(record.hooks.poststart, "poststart", make_state(record, spec::Status::kRunning));
  if (done.ok()) return {};
  if (Result<void> removed = remove_container(store, dir, record, log); !removed.ok())
    log.error(removed.error());
  return done;
}

}  // namespace estiva
