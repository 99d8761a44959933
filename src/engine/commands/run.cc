// SPDX-License-Identifier: Apache-2.0
// cais run, create, start, attach.
#include <fcntl.h>
#include <linux/close_range.h>
#include <unistd.h>

#include "engine/commands/container_filter.h"
#include "engine/commands/container_flags.h"
#include "engine/commands/containers.h"
#include "engine/container/status.h"
#include "engine/network/bridge.h"
#include "engine/pull_image.h"
#include "engine/run/after_exit.h"
#include "engine/run/create.h"
#include "engine/run/remove.h"
#include "engine/run/restart.h"
#include "engine/run/start.h"
#include "engine/spec/seccomp.h"
#include "estiva/base/files.h"
#include "estiva/base/sys.h"
#include "estiva/base/sys_socket.h"
#include "estiva/base/text.h"
#include "image/formats/source.h"

namespace estiva::engine {

namespace {

struct Made {
  ContainerRecord record;
  std::optional<image::Session> session;  // of an image of the store: synced once the container is there
};

// The image is fetched first where it is not here, or where that is asked for.
Result<Made> make(Invocation& in, const Engine& engine, const RunFlags& flags, const Strings& operands,
                  bool starts) {
  CreateRequest request{static_cast<const ContainerOptions&>(flags), operands[0],
                        Strings(operands.begin() + 1, operands.end()), starts};
  TRY(read_seccomp_files(request.options.security_opt));
  if (flags.network == "host" && !flags.publish.empty())
    in.log.warning("Published ports are discarded when using host network mode");
  if (image::is_place(operands[0])) {
    ContainerRecord record = TRY(create_container(engine, request));
    return Made{std::move(record), std::nullopt};
  }
  image::Session session = TRY(image::Session::begin(engine.store));
  ProvideFlags wanted;
  wanted.pull = flags.pull;
  wanted.platform = flags.platform;
  wanted.progress = flags.progress;
  wanted.quiet = flags.quiet;
  {
    const Step step(engine.timeline, "image");
    TRY(provide_image(in, session, operands[0], wanted));
  }
  ContainerRecord record = TRY(create_container(engine, request));
  return Made{std::move(record), std::move(session)};
}

Result<int> create(Invocation& in) {
  RunFlags flags;
  const Strings operands = TRY(parse_operands(kCreate, &flags, in, 1, SIZE_MAX));
  const Engine engine = TRY(open_containers(in));
  Made made = TRY(make(in, engine, flags, operands, false));
  if (made.session) TRY(made.session->sync());
  TRY(print(made.record.id + "\n"));
  return 0;
}

// The status of an error, said already.
int refused(Invocation& in, const Error& error) {
  in.log.error(error);
  return status_of_error(error);
}

// The step that ends with the first output, if there is any; and that of the program.
void watch_output(Timeline& timeline, AttachOptions& options) {
  options.on_output = [&timeline, from = timeline.now(), seen = false]() mutable {
    if (!std::exchange(seen, true)) timeline.add({"until the first output", from, timeline.now()});
  };
}

Result<void> tell_timeline(const Timeline& timeline, const RunFlags& flags, FdView file) {
  if (flags.timeline) TRY(sys::write_all(FdView::of_number(STDERR_FILENO), timeline_table(timeline.steps())));
  if (!file.valid()) return {};
  const std::string& name = flags.timeline_file;
  const auto form = name.ends_with(".json")  ? timeline_trace
                    : name.ends_with(".svg") ? timeline_svg
                                             : timeline_table;
  return sys::write_all(file, form(timeline.steps()));
}

Result<int> run_steps(Invocation& in, const Engine& engine, const RunFlags& flags, const Strings& operands) {
  AttachOptions options = TRY(attach_options(flags.detach_keys, flags.interactive, flags.tty));
  options.pass_signals = flags.sig_proxy != "false";
  Made made = TRY(make(in, engine, flags, operands, true));
  const ContainerRecord& record = made.record;
  const uint8_t wants = flags.detach ? 0 : attach_wants(flags);
  Result<ShimConnection> connection = start_container(engine, record.id, {wants, terminal_size()});
  if (!connection.ok()) {
    if (flags.rm) (void)remove_container(engine, record.id, true);
    return refused(in, connection.error());
  }
  if (made.session) TRY(std::exchange(made.session, std::nullopt)->sync());
  if (flags.detach) {
    TRY(print(record.id + "\n"));
    return 0;
  }
  const Step step(engine.timeline, "the program, and what follows its end");
  if (engine.timeline != nullptr) watch_output(*engine.timeline, options);
  return follow(engine, record, connection.value(), std::move(options));
}

Result<int> run(Invocation& in) {
  RunFlags flags;
  const Strings operands = TRY(parse_operands(kRun, &flags, in, 1, SIZE_MAX));
  if (!flags.detach) TRY(check_terminal(flags.tty && flags.interactive));
  Fd file;
  if (!flags.timeline_file.empty())
    file = TRY(sys::open(flags.timeline_file, O_WRONLY | O_CREAT | O_TRUNC, 0644));
  Timeline timeline;
  Engine engine = TRY(open_containers(in));
  if (!flags.timeline && !file.valid()) return run_steps(in, engine, flags, operands);
  engine.timeline = &timeline;
  timeline.add({"what other commands left", 0, timeline.now()});
  Result<int> status = run_steps(in, engine, flags, operands);
  TRY(tell_timeline(timeline, flags, file));
  return status;
}

struct StartFlags {
  bool attach = false, interactive = false, all = false;
  Strings filter;
  std::string detach_keys = kDefaultDetachKeys;
};
constexpr Option kStartRows[] = {
    options::row<&StartFlags::attach>('a', "attach", nullptr, "show its output and end with its exit status"),
    options::row<&StartFlags::interactive>('i', "interactive", nullptr, "pass standard input on to it too"),
    options::row<&StartFlags::detach_keys>(0, "detach-keys", "KEYS",
                                           "the keys that leave the container; ctrl-p,ctrl-q if not given"),
    options::row<&StartFlags::all>(0, "all", nullptr, "start all that do not run, the oldest first"),
    options::row<&StartFlags::filter>('f', "filter", "NAME=VALUE", kContainerFilterHelp),
};

Result<int> start_attached(Invocation& in, const Engine& engine, const std::string& name,
                           const StartFlags& flags) {
  const ContainerRecord record = TRY(engine.containers.find(name));
  TRY(check_terminal(record.options.tty && flags.interactive));
  AttachOptions options = TRY(
      attach_options(flags.detach_keys, flags.interactive && record.options.interactive, record.options.tty));
  Result<ShimConnection> connection =
      start_container(engine, record.id, {attach_wants(record.options), terminal_size()});
  if (!connection.ok()) return refused(in, connection.error());
  return follow(engine, record, connection.value(), std::move(options));
}

// Another command may be faster: what runs is what was wanted. So is, as docker has it, what is about to.
Result<void> start_one(const Engine& engine, const ContainerRecord& record) {
  const Condition condition = TRY(condition_of(engine.containers, record));
  if (condition == Condition::kRunning || condition == Condition::kRestarting) return {};
  const Result<ShimConnection> started = start_container(engine, record.id, {});
  if (started.ok() || TRY(condition_of(engine.containers, record)) == Condition::kRunning) return {};
  return Error::from_parts(started.error().parts());
}

// Whoever joins the network of another is younger than that one.
Result<Strings> names_to_start(const Engine& engine, const ContainerFilter& filter) {
  Strings out;
  for (ContainerRecord& record : TRY(engine.containers.list())) {
    Listed each{std::move(record), {}};
    each.status = TRY(status_of(engine.containers, each.record));
    const Condition condition = each.status.condition;
    const bool stands = condition == Condition::kCreated || condition == Condition::kExited;
    if (stands && filter.takes(each)) out.insert(out.begin(), each.record.name);
  }
  return out;
}

Result<void> check_start(const Invocation& in, const StartFlags& flags, const Strings& operands) {
  const bool attaches = flags.attach || flags.interactive;
  if (attaches && (flags.all || operands.size() > 1))
    return Error(Code::kInvalid, "you cannot start and attach multiple containers at once");
  if (flags.all && !operands.empty())
    return Error(Code::kInvalid, "stands alone, without names of containers").object("--all");
  if (!flags.all && !flags.filter.empty()) return Error(Code::kInvalid, "needs --all").object("--filter");
  if (flags.all || !operands.empty()) return {};
  return Error(Code::kInvalid, "start: an operand is missing")
      .hint(text::cat("usage: ", usage(in.program, kStart)));
}

Result<int> start(Invocation& in) {
  StartFlags flags;
  const Strings operands = TRY(parse_operands(kStart, &flags, in, 0, SIZE_MAX));
  TRY(check_start(in, flags, operands));
  const ContainerFilter filter = TRY(ContainerFilter::parse(flags.filter));
  const Engine engine = TRY(open_containers(in));
  if (flags.attach || flags.interactive) return start_attached(in, engine, operands[0], flags);
  const Strings names = flags.all ? TRY(names_to_start(engine, filter)) : operands;
  return for_each_container(in, engine, names,
                            [&](const ContainerRecord& record) { return start_one(engine, record); });
}

struct AttachFlags {
  bool no_stdin = false;
  std::string detach_keys = kDefaultDetachKeys, sig_proxy;
};
constexpr Option kAttachRows[] = {
    options::row<&AttachFlags::no_stdin>(0, "no-stdin", nullptr, "show output only; pass no input on"),
    options::row<&AttachFlags::detach_keys>(0, "detach-keys", "KEYS",
                                            "the keys that leave the container; ctrl-p,ctrl-q if not given"),
    options::row<&AttachFlags::sig_proxy>(0, "sig-proxy", "true|false",
                                          "pass signals on if there is no terminal; true if not given"),
};

Result<int> attach_command(Invocation& in) {
  AttachFlags flags;
  const Strings operands = TRY(parse_operands(kAttach, &flags, in, 1, 1));
  AttachOptions options;
  options.keys = TRY(DetachKeys::parse(flags.detach_keys));
  options.pass_signals = flags.sig_proxy != "false";
  const Engine engine = TRY(open_containers(in));
  const ContainerRecord record = TRY(engine.containers.find(operands[0]));
  const Condition condition = TRY(condition_of(engine.containers, record));
  if (condition == Condition::kPaused)
    return Error(Code::kState, "You cannot attach to a paused container, unpause it first");
  if (condition == Condition::kRestarting)
    return Error(Code::kState, "You cannot attach to a restarting container, wait until it is running");
  if (condition != Condition::kRunning)
    return Error(Code::kState, "You cannot attach to a stopped container, start it first");
  options.input = !flags.no_stdin && record.options.interactive;
  options.terminal = record.options.tty;
  TRY(check_terminal(options.terminal && options.input));
  const shim::Size size = flags.no_stdin ? shim::Size{} : terminal_size();
  const shim::Hello hello{kPatience, size.rows, size.columns, shim::kVersion, attach_wants(record.options)};
  const ShimConnection connection =
      TRY(ShimConnection::open(engine.containers.run_file(record.id, shim::kSocketFile), hello));
  return follow(engine, record, connection, std::move(options));
}

// The sockets of clients that wait until we are done; nobody that we start may keep them waiting.
Result<std::vector<Fd>> inherited() {
  const Fd directory = TRY(sys::open("/proc/self/fd", O_RDONLY | O_DIRECTORY));
  std::vector<Fd> out;
  for (const std::string& name : TRY(files::list(directory))) {
    const int number = text::number<int>(name).value_or(-1);
    const Result<int> flags = sys::fcntl_get_flags(FdView::of_number(number));  // our own are closed on exec
    if (number > STDERR_FILENO && flags.ok() && (flags.value() & FD_CLOEXEC) == 0) out.emplace_back(number);
  }
  TRY(sys::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC));
  return out;
}

Result<int> after(Invocation& in) {
  const Strings operands = TRY(parse_operands(kAfterExit, nullptr, in, 1, 1));
  std::vector<Fd> clients = TRY(inherited());
  const Engine engine = TRY(open_engine(globals(in).root, globals(in).run_root, globals(in).storage));
  // They wait neither for files to go nor for a back-off.
  const ContainerRecord record = TRY(after_exit(engine, operands[0], [&] { clients.clear(); }));
  TRY(keep_promise(engine, record));
  return 0;
}

}  // namespace

Result<Engine> open_containers(Invocation& in) {
  Engine engine = TRY(open_engine(globals(in).root, globals(in).run_root, globals(in).storage));
  for (const Error& damaged : TRY(reconcile(engine)))
    in.log.warning(text::cat(damaged.to_string(), "; cais rm -f removes it"));
  const Result<void> healed = heal_bridge(engine.containers);
  if (!healed.ok())
    in.log.warning(text::cat("published ports of running containers: ", healed.error().to_string()));
  return engine;
}

Result<std::optional<ContainerRecord>> named_container(const Engine& engine, const std::string& operand) {
  Result<ContainerRecord> found = engine.containers.find(operand);
  if (!found.ok() && found.error().code() == Code::kNotFound) return std::optional<ContainerRecord>();
  return std::optional<ContainerRecord>(TRY(std::move(found)));
}

Result<AttachOptions> attach_options(const std::string& keys, bool input, bool terminal) {
  AttachOptions options;
  options.keys = TRY(DetachKeys::parse(keys));
  options.input = input;
  options.terminal = terminal;
  return options;
}

uint8_t attach_wants(const ContainerOptions& options) {
  return options.tty ? shim::kWantOutput | shim::kWantReplay : shim::kWantOutput;
}

// For a person: the end of its shell is not that of the container's files.
static void tell_what_stays(const ContainerRecord& record) {
  const ContainerOptions& options = record.options;
  const bool comes_back = !options.restart.empty() && options.restart != "no";
  if (options.rm || comes_back || !sys::tty_size(FdView::of_number(STDERR_FILENO)).ok()) return;
  const std::string& name = record.name;
  (void)sys::write_all(
      FdView::of_number(STDERR_FILENO),
      text::cat("(", name, " has ended and is kept; again: cais start -ai ", name,
                "; an image of it: cais commit ", name, " IMAGE; away with it: cais rm ", name, ")\n"));
}

Result<int> follow(const Engine& engine, const ContainerRecord& record, const ShimConnection& connection,
                   AttachOptions options) {
  const bool person = options.input && options.terminal;
  Fd::close_waiting();  // we would keep in use what goes with the container
  const Attached attached = TRY(attach(connection, std::move(options)));
  if (attached.end == Attached::End::kDetached) return 0;
  // Cleaned up after, so that the next command finds it so; with --rm it is gone.
  connection.await_end();
  if (person) tell_what_stays(record);
  if (attached.end == Attached::End::kExited) return attached.exit.code;
  const Result<shim::ExitRecord> exit = read_exit(engine.containers.file(record.id, shim::kExitFile));
  if (exit.ok()) return static_cast<int>(exit.value().code);
  return Error(Code::kInternal, "its cais-shim ended and did not say why").object(record.short_id());
}

static constexpr const char* kRunExamples =
    "  cais run -it debian:12\n"
    "  cais run -d --name web -p 8080:80 -v web-data:/var/www nginx\n"
    "  cais run --rm -v \"$PWD\":/src -w /src gcc:13 make\n";
const Command kRun = {
    "run",       "IMAGE [COMMAND [ARGUMENT...]]", "make a container and start it", kRunRows, run, true,
    kRunExamples};
const Command kCreate = {
    "create", "IMAGE [COMMAND [ARGUMENT...]]", "make a container but do not start it", kCreateRows, create,
    true};
const Command kStart = {"start", "[CONTAINER...]", "start containers that were made or have ended",
                        kStartRows, start};
const Command kAttach = {"attach", "CONTAINER", "connect this terminal to a running container", kAttachRows,
                         attach_command};
const Command kAfterExit = {
    "_after-exit", "CONTAINER", "clean up after a container: its shim calls this", {}, after};

}  // namespace estiva::engine
