// SPDX-License-Identifier: Apache-2.0
// cais exec: a further process in a running container, as a child of its shim.
#include <fcntl.h>

#include "engine/commands/container_flags.h"
#include "engine/commands/containers.h"
#include "engine/container/status.h"
#include "engine/run/create.h"
#include "engine/run/start.h"
#include "engine/spec/make_spec.h"
#include "estiva/base/files.h"
#include "estiva/base/root_dir.h"
#include "estiva/base/sys_process.h"
#include "estiva/base/text.h"
#include "estiva/base/undo.h"
#include "estiva/spec/spec.h"
#include "image/bundle/bundle.h"
#include "image/bundle/user.h"
#include "spec/rows.h"

namespace estiva::engine {

namespace {

constexpr Option kExecRows[] = {
    options::row<&RunFlags::interactive>('i', "interactive", nullptr, "pass standard input on to it"),
    options::row<&RunFlags::tty>('t', "tty", nullptr, "give it a terminal"),
    options::row<&RunFlags::detach>('d', "detach", nullptr, "run in the background"),
    options::row<&RunFlags::env>('e', "env", "NAME[=VALUE]", "set a variable"),
    options::row<&RunFlags::env_file>(0, "env-file", "FILE", "read variables from FILE, one a line"),
    options::row<&RunFlags::user>('u', "user", "USER[:GROUP]",
                                  "run as this user: names or numbers of the container"),
    options::row<&RunFlags::workdir>('w', "workdir", "DIR", "the working directory"),
    options::row<&RunFlags::privileged>(0, "privileged", nullptr, "give it all capabilities"),
    options::row<&RunFlags::detach_keys>(0, "detach-keys", "KEYS",
                                         "the keys that leave it; ctrl-p,ctrl-q if not given"),
};

// The container's own process, with what was asked for in its place.
Result<spec::Process> process_of(const Engine& engine, const ContainerRecord& record, const RunFlags& flags,
                                 const Strings& command) {
  const std::string bundle = engine.containers.bundle(record.id);
  const spec::Spec spec = TRY(image::read_bundle_spec(bundle));
  spec::Process process = spec.process.value_or(spec::Process());
  process.args = command;
  process.terminal = flags.tty;
  if (!flags.workdir.empty()) process.cwd = flags.workdir;
  if (flags.tty) process.env.push_back("TERM=xterm");
  for (const std::string& variable : TRY(read_env(flags))) set_variable(process.env, variable);
  if (!flags.user.empty()) {
    const RootDir root = TRY(RootDir::open(bundle + "/rootfs"));
    const image::FoundUser found = TRY(image::find_user(root, flags.user));
    process.user = found.user;
    for (const uint32_t group : TRY(added_groups(root, record.options)))
      process.user.additional_gids.push_back(group);
    if (process.capabilities && process.user.uid != 0) {
      process.capabilities->effective.clear();
      process.capabilities->permitted.clear();
    }
  }
  if (flags.privileged) {
    spec::Spec whole;
    whole.process = process;
    ContainerOptions options;
    options.privileged = true;
    whole.linux.emplace().resources.emplace();
    TRY(set_security(options, whole));
    process = *whole.process;
  }
  return process;
}

Result<void> check_running(const Engine& engine, const ContainerRecord& record) {
  const Condition condition = TRY(condition_of(engine.containers, record));
  if (condition == Condition::kRunning) return {};
  if (condition == Condition::kPaused)
    return Error(Code::kState,
                 text::cat("Container ", record.id, " is paused, unpause the container before exec"));
  return not_running(record.id, condition);
}

// The connection is about the new process, which has begun.
Result<ShimConnection> begin_exec(const Engine& engine, const ContainerRecord& record, const RunFlags& flags,
                                  const spec::Process& process) {
  const Fd directory = TRY(sys::open(engine.containers.run_dir(record.id), O_RDONLY | O_DIRECTORY));
  const std::string name = text::cat(std::string(shim::kScratchPrefix), "exec-", sys::getpid(), ".json");
  TRY(files::replace(directory, name, codec::encode(process), 0600));
  Undo remove([&] { (void)sys::unlinkat(directory, name); });
  const shim::Hello hello{kPatience, 0, 0, shim::kVersion, shim::kWantOutput};
  ShimConnection connection =
      TRY(ShimConnection::open(engine.containers.run_file(record.id, shim::kSocketFile), hello));
  const shim::Size size = terminal_size();
  shim::Exec request{size.rows, size.columns, 0};
  if (flags.tty) request.flags |= shim::kExecTerminal;
  if (flags.interactive) request.flags |= shim::kExecInput;
  if (flags.detach) request.flags |= shim::kExecDetached;
  const std::string file = engine.containers.run_file(record.id, name.c_str());
  TRY(connection.send(shim::Type::kExec, text::cat(shim::bytes_of(request), file)));
  TRY(connection.await_started());
  return connection;
}

Result<int> exec(Invocation& in) {
  RunFlags flags;
  const Strings operands = TRY(parse_operands(kExec, &flags, in, 2, SIZE_MAX));
  if (!flags.detach) TRY(check_terminal(flags.tty && flags.interactive));
  AttachOptions options = TRY(attach_options(flags.detach_keys, flags.interactive, flags.tty));
  const Engine engine = TRY(open_containers(in));
  const ContainerRecord record = TRY(engine.containers.find(operands[0]));
  TRY(check_running(engine, record));
  const spec::Process process =
      TRY(process_of(engine, record, flags, Strings(operands.begin() + 1, operands.end())));
  const Result<ShimConnection> connection = begin_exec(engine, record, flags, process);
  if (!connection.ok()) {
    in.log.error(connection.error());
    return status_of_error(connection.error());
  }
  if (flags.detach) return 0;
  const Attached attached = TRY(attach(connection.value(), std::move(options)));
  if (attached.end == Attached::End::kLost)
    return Error(Code::kState, "its container ended").object(text::cat("exec in ", record.name));
  return attached.end == Attached::End::kExited ? attached.exit.code : 0;
}

}  // namespace

static constexpr const char* kExecExamples = "  cais exec -it web bash\n";
const Command kExec = {"exec",
                       "CONTAINER COMMAND [ARGUMENT...]",
                       "run a command in a running container",
                       kExecRows,
                       exec,
                       true,
                       kExecExamples};

}  // namespace estiva::engine
