// SPDX-License-Identifier: Apache-2.0
// estiva create, run and plan: what they share is reading the bundle.
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>

#include "estiva/base/files.h"
#include "estiva/base/sys_process.h"
#include "estiva/base/text.h"
#include "runtime/commands/command.h"
#include "runtime/parent/create.h"
#include "runtime/parent/foreground.h"
#include "runtime/parent/protect.h"
#include "runtime/parent/remove.h"
#include "runtime/parent/start.h"

namespace estiva {

namespace {

struct BundleOptions {
  std::string bundle = ".";
  std::string config;
};

struct CreateOptions : BundleOptions {
  std::string console_socket;
  std::string pid_file;
  bool no_pivot = false;
  bool no_new_keyring = false;
  unsigned preserve_fds = 0;
};

struct RunCommandOptions : CreateOptions {
  bool detach = false;
  bool keep = false;
  bool no_subreaper = false;
};

template <typename T, auto member>
constexpr Option row_of(char letter, const char* name, const char* argument, const char* help) {
  return {letter, name, argument, help, [](void* target, std::string_view value) {
            return options::assign(static_cast<T*>(target)->*member, value);
          }};
}

template <typename T>
constexpr Option kBundleRow = row_of<T, &T::bundle>('b', "bundle", "DIR",
                                                    "the bundle; the working directory if not given");
template <typename T>
constexpr Option kConfigRow = row_of<T, &T::config>('f', "config", "FILE",
                                                    "the configuration; DIR/config.json if not given");
template <typename T>
constexpr Option kConsoleRow = row_of<T, &T::console_socket>(
    0, "console-socket", "SOCKET", "Unix socket that is sent the container's terminal");
template <typename T>
constexpr Option kPidFileRow =
    row_of<T, &T::pid_file>(0, "pid-file", "FILE", "write the process id of the container's init to FILE");
template <typename T>
constexpr Option kNoPivotRow = row_of<T, &T::no_pivot>(
    0, "no-pivot", nullptr, "enter the root without pivot_root, for a host on an initramfs");
template <typename T>
constexpr Option kNoKeyringRow = row_of<T, &T::no_new_keyring>(0, "no-new-keyring", nullptr,
                                                               "keep the caller's session keyring");
template <typename T>
constexpr Option kPreserveRow = row_of<T, &T::preserve_fds>(
    0, "preserve-fds", "N", "pass N further descriptors, from 3 on, to the program");

constexpr Option kCreateRows[] = {
    kBundleRow<CreateOptions>,   kConfigRow<CreateOptions>,  kConsoleRow<CreateOptions>,
    kPidFileRow<CreateOptions>,  kNoPivotRow<CreateOptions>, kNoKeyringRow<CreateOptions>,
    kPreserveRow<CreateOptions>,
};

using R = RunCommandOptions;
constexpr Option kRunRows[] = {
    kBundleRow<R>,
    kConfigRow<R>,
    kConsoleRow<R>,
    kPidFileRow<R>,
    kNoPivotRow<R>,
    kNoKeyringRow<R>,
    kPreserveRow<R>,
    row_of<R, &R::detach>('d', "detach", nullptr, "do not wait for the container to end"),
    row_of<R, &R::keep>(0, "keep", nullptr, "do not delete the container when it has ended"),
    row_of<R, &R::no_subreaper>(0, "no-subreaper", nullptr, "do not adopt the container's orphans"),
};

constexpr Option kPlanRows[] = {kBundleRow<BundleOptions>, kConfigRow<BundleOptions>};

// sd_listen_fds(3): only if they were meant for this very process.
void read_listen_variables(RunOptions& options) {
  const char* pid = ::getenv("LISTEN_PID");
  const char* count = ::getenv("LISTEN_FDS");
  if (pid == nullptr || count == nullptr || text::number<pid_t>(pid) != sys::getpid()) return;
  options.listen_fds = text::number<unsigned>(count).value_or(0);
  if (const char* names = ::getenv("LISTEN_FDNAMES")) options.listen_names = names;
}

Result<RunOptions> run_options(const BundleOptions& bundle, const std::string& id) {
  RunOptions options;
  options.id = id;
  options.bundle = TRY(files::absolute(bundle.bundle));
  return options;
}

std::string config_path(const BundleOptions& bundle, const RunOptions& options) {
  return bundle.config.empty() ? text::cat(options.bundle, "/config.json") : bundle.config;
}

Result<CreateRequest> make_request(const CreateOptions& given, const std::string& id, bool detached) {
  CreateRequest request;
  request.options = TRY(run_options(given, id));
  request.options.pivot = !given.no_pivot;
  request.options.new_keyring = !given.no_new_keyring;
  request.options.preserve_fds = given.preserve_fds;
  request.options.detached = detached;
  request.options.console_socket = !given.console_socket.empty();
  read_listen_variables(request.options);
  request.config = config_path(given, request.options);
  request.pid_file = given.pid_file;
  request.console_socket = given.console_socket;
  return request;
}

// Engines leave descriptors open by mistake; those that the container is not to have go before ours are opened, and
// those that it is to have must be there.
Result<void> settle_descriptors(const RunOptions& options) {
  const unsigned end = 3 + options.listen_fds + options.preserve_fds;
  for (unsigned number = 3; number < end; ++number) {
    TRY(sys::set_close_on_exec(FdView::of_number(static_cast<int>(number)), false).context([&] {
      return text::cat("--preserve-fds: descriptor ", number, " is not open");
    }));
  }
  // Modes are ours to choose: a caller's umask of 0 would open the state to others, its 0777 close it to ourselves.
  sys::umask(022);
  return sys::close_range(end, ~0u, 0);
}

Result<int> create(Invocation& in) {
  CreateOptions given;
  const std::string id = TRY(parse_operands(kCreate, &given, in, 1, 1))
  [0];
  TRY(check_id(id));
  CreateRequest request = TRY(make_request(given, id, true));
  TRY(protect_own_binary(in.argv));
  TRY(settle_descriptors(request.options));
  const Plan plan = TRY(load_plan(request.config, request.options, in.log));
  const Store store = TRY(Store::open(in.global.root, true));
  TRY(create_container(store, plan, request, in.log));
  return 0;
}

// By another command, or because a poststart hook failed.
bool is_deleted(const ContainerDir& dir) {
  const Result<struct stat> record = sys::fstatat(dir.dir, kRecordFile, AT_SYMLINK_NOFOLLOW);
  return !record.ok() && record.error().errnum() == ENOENT;
}

Result<int> run_attached(const Store& store, const Plan& plan, CreateRequest& request, Invocation& in,
                         const RunCommandOptions& given) {
  const bool terminal = plan.process && plan.process->terminal;
  // Orphans come to us only from our own pid namespace.
  const bool subreaper = !given.no_subreaper && !plan.namespaces.has(CLONE_NEWPID);
  Foreground foreground = TRY(Foreground::prepare(terminal, subreaper));
  request.console = foreground.take_console_socket();
  Created created = TRY(create_container(store, plan, request, in.log));
  const auto go = [&]() -> Result<int> {
    TRY(foreground.attach_terminal());
    TRY(start_container(store, created.dir, created.record, created.init, in.log));
    TRY(unlock(created.dir));
    const int code = TRY(foreground.wait(created.pidfd, created.record.pid));
    created.record.pid = 0;  // reaped
    return code;
  };
  Result<int> code = go();
  if (given.keep && code.ok()) return code;
  // A second chance: a lock that failed for a passing reason must not leave the container behind.
  if (!lock(created.dir, true).ok()) TRY(lock(created.dir, true));
  if (is_deleted(created.dir)) return code;
  Result<void> removed = remove_container(store, created.dir, created.record, in.log);
  if (code.ok() && !removed.ok()) return std::move(removed).error();
  return code;
}

Result<int> run_detached(const Store& store, const Plan& plan, CreateRequest& request, Invocation& in) {
  Created created = TRY(create_container(store, plan, request, in.log));
  Result<void> started = start_container(store, created.dir, created.record, created.init, in.log);
  if (started.ok()) return 0;
  // The program never ran: nothing of it may stay.
  if (!is_deleted(created.dir)) {
    Result<void> removed = remove_container(store, created.dir, created.record, in.log);
    if (!removed.ok()) in.log.error(removed.error());
  }
  return std::move(started).error();
}

Result<int> run(Invocation& in) {
  RunCommandOptions given;
  const std::string id = TRY(parse_operands(kRun, &given, in, 1, 1))
  [0];
  TRY(check_id(id));
  CreateRequest request = TRY(make_request(given, id, given.detach));
  TRY(protect_own_binary(in.argv));
  TRY(settle_descriptors(request.options));
  const Plan plan = TRY(load_plan(request.config, request.options, in.log));
  if (!plan.process) return Error::invalid("/process", "is required to start the container");
  const Store store = TRY(Store::open(in.global.root, true));
  request.start = true;
  if (given.detach) return run_detached(store, plan, request, in);
  return run_attached(store, plan, request, in, given);
}

Result<int> print_plan(Invocation& in) {
  BundleOptions given;
  const std::vector<std::string> operands = TRY(parse_operands(kPlan, &given, in, 0, 1));
  RunOptions options = TRY(run_options(given, operands.empty() ? "container" : operands[0]));
  // A plan answers for every way of running it: a terminal is not a question here.
  options.detached = false;
  const Plan plan = TRY(load_plan(config_path(given, options), options, in.log));
  TRY(print(to_text(plan)));
  return 0;
}

}  // namespace

const Command kCreate = {"create", "NEW-ID", "make a container from a bundle, without starting its program",
                         kCreateRows, create};
const Command kRun = {"run", "NEW-ID", "make a container and start its program", kRunRows, run};
const Command kPlan = {"plan", "[NEW-ID]", "show what create would do, step by step, and do nothing",
                       kPlanRows, print_plan};

}  // namespace estiva
