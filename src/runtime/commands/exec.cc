// SPDX-License-Identifier: Apache-2.0
// estiva exec: a further process in a container; attached, it stays until that process has ended.
#include <linux/filter.h>

#include "estiva/base/files.h"
#include "estiva/base/sys_process.h"
#include "estiva/base/text.h"
#include "runtime/commands/bundle.h"
#include "runtime/commands/container.h"
#include "runtime/parent/exec.h"
#include "runtime/parent/foreground.h"
#include "runtime/parent/protect.h"

namespace estiva {

namespace {

constexpr int kNeverRan = 255;  // as runc has it: no status of the program
constexpr size_t kMaxDocument = 16 << 20;

struct ExecCommandOptions {
  ExecOptions exec;
  std::string process, console_socket, pidfd_socket, pid_file;
  unsigned preserve_fds = 0;
  bool detach = false;
  bool ignore_paused = false;
  bool no_subreaper = false;  // exec adopts nothing: for callers that say so
};

using O = ExecCommandOptions;

template <auto member>
constexpr Option row_in_exec(char letter, const char* name, const char* argument, const char* help) {
  return {letter, name, argument, help, [](void* target, std::string_view value) {
            return options::assign(static_cast<O*>(target)->exec.*member, value);
          }};
}

constexpr Option kExecRows[] = {
    options::row<&O::process>('p', "process", "FILE",
                              "run the process that this JSON file describes (process of config.json)"),
    row_in_exec<&ExecOptions::cwd>(0, "cwd", "DIR", "the working directory in the container"),
    row_in_exec<&ExecOptions::env>('e', "env", "NAME=VALUE", "set a variable; may be repeated"),
    row_in_exec<&ExecOptions::terminal>('t', "tty", nullptr, "give it a terminal"),
    row_in_exec<&ExecOptions::user>('u', "user", "UID[:GID]", "run as this user, by number"),
    row_in_exec<&ExecOptions::additional_gids>('g', "additional-gids", "GID",
                                               "add a supplementary group; may be repeated"),
    row_in_exec<&ExecOptions::capabilities>('c', "cap", "CAPABILITY", "add a capability; may be repeated"),
    row_in_exec<&ExecOptions::no_new_privileges>(0, "no-new-privs", nullptr, "set no_new_privs"),
    row_in_exec<&ExecOptions::selinux_label>(0, "process-label", "LABEL", "SELinux label of the process"),
    row_in_exec<&ExecOptions::apparmor_profile>(0, "apparmor", "PROFILE", "AppArmor profile of the process"),
    row_in_exec<&ExecOptions::cgroups>(
        0, "cgroup", "[CONTROLLER:]PATH",
        "run it in this cgroup below the container's; may be repeated on cgroup v1"),
    options::row<&O::preserve_fds>(0, "preserve-fds", "N",
                                   "pass N more descriptors, from 3 on, to the program"),
    options::row<&O::detach>('d', "detach", nullptr, "run in the background"),
    options::row<&O::pid_file>(0, "pid-file", "FILE", "write its process id to FILE"),
    options::row<&O::console_socket>(0, "console-socket", "SOCKET", "send its terminal to this Unix socket"),
    options::row<&O::pidfd_socket>(0, "pidfd-socket", "SOCKET", "send its pidfd to this Unix socket"),
    options::row<&O::ignore_paused>(0, "ignore-paused", nullptr,
                                    "accept a paused container; the program runs when it is resumed"),
    options::row<&O::no_subreaper>(0, "no-subreaper", nullptr, "accepted for engines, without effect"),
};

Result<ExecCommandOptions> read_options(Invocation& in) {
  ExecCommandOptions given;
  const std::vector<std::string> words = TRY(parse_operands(kExec, &given, in, 1, SIZE_MAX));
  given.exec.run.id = words[0];
  // Some callers set the program apart from the id.
  const bool apart = words.size() > 1 && words[1] == "--";
  given.exec.args.assign(words.begin() + (apart ? 2 : 1), words.end());
  if (given.process.empty() && given.exec.args.empty()) {
    return Error(Code::kInvalid, "exec: no program is given")
        .hint(text::cat("usage: ", usage(in.program, kExec)));
  }
  given.exec.run.preserve_fds = given.preserve_fds;
  given.exec.run.detached = given.detach;
  given.exec.run.console_socket = !given.console_socket.empty();
  read_listen_variables(given.exec.run);
  return given;
}

Result<void> read_document(ExecCommandOptions& given) {
  if (given.process.empty()) return {};
  Result<std::string> text = files::read_all(FdView::cwd(), given.process, kMaxDocument);
  // Not the words that mean that the program is missing.
  if (!text.ok() && text.error().errnum() == ENOENT)
    return Error::invalid(kProcessOption, text::cat(text::quote(given.process), " is not there"));
  const std::string document = TRY(std::move(text));
  given.exec.document = TRY(spec::load_process(document).context([&] { return given.process; }));
  given.exec.document_path = given.process;
  return {};
}

Result<void> check_status(const StoredContainer& found, bool ignore_paused) {
  const spec::Status status = TRY(find_status(found.dir, found.record));
  if (status == spec::Status::kStopped) return not_running(found.record.id);
  if (status == spec::Status::kCreating) return wrong_state("exec in", found.record, status);
  if (status == spec::Status::kPaused && !ignore_paused)
    return wrong_state("exec in", found.record, status).hint("--ignore-paused waits until it is resumed");
  return {};
}

Result<int> stay(Foreground& foreground, const Executed& executed, Log& log) {
  TRY(foreground.attach_terminal());
  Fd::close_waiting();
  return foreground.wait(executed.pidfd, executed.pid, log);
}

// A program whose end we can't report does not outlive us.
Result<int> run_attached(const StoredContainer& found, Target& target, PreparedExec& prepared,
                         const ExecRequest& request, Log& log) {
  Foreground foreground = TRY(Foreground::prepare(prepared.plan.shared.process->terminal, false));
  const Executed executed =
      TRY(exec_in_container(found, target, prepared, request, foreground.take_console_socket()));
  Result<int> code = stay(foreground, executed, log);
  if (code.ok()) return code;
  end_program(executed);
  if (!request.pid_file.empty()) (void)sys::unlinkat(FdView::cwd(), request.pid_file);
  return code;
}

Result<int> run(ExecCommandOptions& given, Invocation& in) {
  TRY(settle_descriptors(given.exec.run));
  TRY(protect_own_binary(in.argv));
  TRY(read_document(given));
  const Store store = TRY(Store::open(in.global.root, false));
  const StoredContainer found = TRY(load_container(store, given.exec.run.id, Lock::kNone));
  Target target = TRY(open_target(found.record));
  TRY(check_status(found, given.ignore_paused));
  PreparedExec prepared = TRY(prepare_exec(found, target, given.exec, in.log));
  const ExecRequest request{given.exec, given.pid_file, given.console_socket, given.pidfd_socket};
  if (!given.detach) return run_attached(found, target, prepared, request, in.log);
  TRY(exec_in_container(found, target, prepared, request, Fd()));
  return 0;
}

Result<int> exec(Invocation& in) {
  ExecCommandOptions given = TRY(read_options(in));
  Result<int> code = run(given, in);
  if (code.ok()) return code;
  in.log.error(std::move(code).error().stage(kExec.name));
  return kNeverRan;
}

}  // namespace

static constexpr const char* kExecExamples =
    "  estiva exec -t web sh\n"
    "  estiva exec --user 1000:1000 --cwd /srv web ls -l\n";
const Command kExec = {
    "exec",       "ID [PROGRAM [ARGUMENT...]]", "run another program in a container", kExecRows, exec, true,
    kExecExamples};

}  // namespace estiva
