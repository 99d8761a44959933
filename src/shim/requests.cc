// SPDX-License-Identifier: Apache-2.0
// What clients ask for (shim_protocol.h), one case each. A client that breaks the protocol is dropped.
#include <fcntl.h>

#include "estiva/base/sys.h"
#include "estiva/base/sys_process.h"
#include "estiva/base/sys_socket.h"
#include "estiva/base/text.h"
#include "estiva/base/time.h"
#include "estiva/runtime_options.h"
#include "shim/shim.h"

namespace estiva::shim {

Result<void> Shim::read_client(Client& client) {
  char packet[kMaxData + 1];
  Fd passed;
  const Result<std::optional<size_t>> size = sys::try_receive(client.socket(), packet, sizeof packet, passed);
  if (!size.ok() || size.value() == std::optional<size_t>(0)) {
    client.leave();
    return {};
  }
  if (!size.value()) return {};
  const auto type = static_cast<Type>(packet[0]);
  if ((client.target == nullptr) != (type == Type::kHello)) {
    client.leave();
    return {};
  }
  return answer(client, type, std::string_view(packet + 1, *size.value() - 1), std::move(passed));
}

Result<void> Shim::answer(Client& client, Type type, std::string_view data, Fd passed) {
  switch (type) {
    case Type::kHello:
      if (const auto hello = read_front<Hello>(data)) greet(client, *hello);
      return {};
    case Type::kInput:
      take_input(client, data);
      return {};
    case Type::kResize:
      if (const auto size = read_front<Size>(data)) client.target->set_size(size->rows, size->columns);
      return {};
    case Type::kSignal:
      if (const auto signal = read_front<Signal>(data); signal && !client.target->ended)
        (void)sys::kill(client.target->pid, signal->number);
      return {};
    case Type::kStart:
      start(client);
      return {};
    case Type::kExec:
      exec(client, data);
      return {};
    case Type::kDetach:
      client.gave_input = false;
      client.leave();
      return {};
    case Type::kReopenLog:
      return log_.reopen();
    case Type::kHold:
      hold(client, std::move(passed), read_front<Hold>(data).value_or(Hold()).port);
      return {};
    case Type::kRelease:
      if (const auto port = read_front<Port>(data))
        release(client, {port->type, std::string(bytes_of(port->address)), port->port});
      return {};
    case Type::kReleaseV6:
      if (const auto port = read_front<PortV6>(data))
        release(client, {port->type, std::string(port->address, sizeof port->address), port->port});
      return {};
    default:
      return {};  // of a later version
  }
}

void Shim::greet(Client& client, const Hello& hello) {
  Target& container = targets_.front();
  client.target = &container;
  client.hello = hello;
  const bool replays = container.terminal && (hello.wants & kWantReplay) != 0;
  const Welcome welcome{replays ? static_cast<uint32_t>(container.replay.text().size()) : 0, container.pid,
                        kVersion, static_cast<uint8_t>(state_.phase), container.terminal};
  client.send(Type::kWelcome, bytes_of(welcome));
  if (replays) client.send_replay();
  container.set_size(hello.rows, hello.columns);
}

void Shim::take_input(Client& client, std::string_view data) {
  Target& target = *client.target;
  if (target.policy == Input::kNone && !target.terminal) return;
  client.gave_input = true;
  target.typed += data;
  if (data.empty() && target.policy == Input::kOnce) target.input_ending = true;
  target.feed();
}

// An input whose only giver is gone has ended.
void Shim::lose_client(Client& client) {
  if (!client.gave_input || client.target->policy != Input::kOnce) return;
  client.gave_input = false;
  client.target->input_ending = true;
  client.target->feed();
}

void Shim::start(Client& client) {
  if (state_.phase != Phase::kCreated) {
    client.send(Type::kFailed, "the container is started already");
    return;
  }
  state_.started_ns = epoch_ns();
  const Result<std::string> said = runtime_.run({"start", conf_.id});
  if (!said.ok()) {
    client.send(Type::kFailed, said.error().to_string());
    failed_ = true;
    return;
  }
  state_.phase = Phase::kRunning;
  if (const Result<void> written = write_state(); !written.ok()) {
    client.send(Type::kFailed, written.error().to_string());
    failed_ = true;
    return;
  }
  client.send(Type::kStarted, bytes_of(Started{targets_.front().pid}));
}

void Shim::hold(Client& client, Fd socket, uint16_t port) {
  if (!socket.valid()) return client.send(Type::kFailed, "no socket came along");
  if (port != 0) relay_.let_go();
  held_.push_back({std::move(socket), port});
  client.send(Type::kDone, {});
}

void Shim::release(Client& client, const sys::InetName& wanted) {
  const size_t closed = std::erase_if(held_, [&](const Held& held) {
    const Result<sys::InetName> name = sys::inet_name(held.socket);
    const bool chosen = name.ok() && name.value() == wanted;
    if (chosen && held.port != 0) relay_.let_go();
    return chosen;
  });
  if (closed == 0) return client.send(Type::kFailed, "no socket is bound there");
  client.send(Type::kDone, {});
}

void Shim::exec(Client& client, std::string_view request) {
  const auto given = read_front<Exec>(request);
  if (!given) return client.leave();
  if (state_.phase != Phase::kRunning || targets_.front().ended || !client.target->is_container)
    return client.send(Type::kFailed, "the container is not running");
  Target& session = targets_.emplace_back();
  client.target = &session;
  const Result<void> begun = begin_session(session, *given, std::string(request.substr(sizeof *given)));
  if (begun.ok()) return client.send(Type::kStarted, bytes_of(Started{session.pid}));
  client.send(Type::kFailed, begun.error().to_string());
  session.done = true;
}

Result<void> Shim::begin_session(Target& session, const Exec& given, const std::string& file) {
  const std::string name = text::cat(kScratchPrefix, ++sessions_), pid_file = text::cat(dir_, "/", name);
  std::vector<std::string> arguments = {"exec",     runtime_options::kProcess, file,
                                        "--detach", runtime_options::kPidFile, pid_file};
  session.terminal = (given.flags & kExecTerminal) != 0;
  session.policy = (given.flags & kExecInput) != 0 ? Input::kOnce : Input::kNone;
  const Fd null = TRY(sys::open("/dev/null", O_RDWR));
  if (session.terminal) {
    const ConsoleSocket console =
        TRY(ConsoleSocket::listen(text::cat("/proc/", sys::getpid(), "/cwd/", name, "-tty")));
    arguments.insert(arguments.end(), {runtime_options::kConsoleSocket, console.path(), conf_.id});
    TRY(runtime_.run(std::move(arguments)));
    TRY(session.take_terminal(TRY(console.receive())));
    session.set_size(given.rows, given.columns);
  } else if ((given.flags & kExecDetached) != 0) {
    sys::Pipe pipe = TRY(sys::pipe());
    TRY(sys::set_nonblocking(pipe.read));
    arguments.push_back(conf_.id);
    const process::Streams streams{null, null, pipe.write};
    TRY(run_exec(std::move(arguments), streams, pipe.read));
  } else {
    const TargetEnds ends = TRY(open_pipes(session));
    arguments.push_back(conf_.id);
    TRY(run_exec(std::move(arguments), ends.streams(), session.errors));
  }
  session.pid = TRY(read_pid(name));
  return sys::unlinkat(FdView::cwd(), name);
}

// Only if the command can't be run is what stands on `said` the runtime's.
Result<void> Shim::run_exec(std::vector<std::string> arguments, const process::Streams& streams,
                            FdView said) {
  const pid_t pid = TRY(runtime_.begin(std::move(arguments), streams));
  const Result<std::string> ended = runtime_.end(pid, FdView::of_number(-1));
  if (ended.ok()) return {};
  const std::string text = said_on(said);
  return Error(Code::kSystem, text.empty() ? ended.error().to_string() : text);
}

}  // namespace estiva::shim
