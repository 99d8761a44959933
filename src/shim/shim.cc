// SPDX-License-Identifier: Apache-2.0
// The shim's way from the runtime's create to the command after the exit.
#include "shim/shim.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "estiva/base/files.h"
#include "estiva/base/identity.h"
#include "estiva/base/sys_process.h"
#include "estiva/base/sys_socket.h"
#include "estiva/base/text.h"
#include "estiva/base/time.h"
#include "estiva/runtime_options.h"

namespace estiva::shim {

namespace {

constexpr int64_t kLastWords = 2000;  // milliseconds that clients have to take what is queued for them

// Sent to the group of a terminal that is not ours, or by accident: the container is ended by its own clients.
sigset_t handled_signals() {
  sigset_t mask;
  sigemptyset(&mask);
  for (const int each : {SIGCHLD, SIGPIPE, SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM})
    sigaddset(&mask, each);
  return mask;
}

// With a state on disk whoever cleans up finds us. A starter that died before may have been cleaned up after already.
Result<void> check_starter() {
  struct pollfd report[] = {{STDOUT_FILENO, POLLOUT, 0}};
  TRY(sys::poll(report, 0));
  if ((report[0].revents & POLLERR) != 0) return Error(Code::kState, "nobody waits for the container");
  return {};
}

}  // namespace

Result<Report> Shim::create() {
  TRY(prepare());
  const std::string warning = TRY(conf_.terminal ? create_with_terminal() : create_with_pipes());
  Target& container = targets_.front();
  container.pid = TRY(read_pid(kPidFile));
  state_.phase = Phase::kCreated;
  state_.init = container.pid;
  state_.init_start = TRY(process_start_time(container.pid));
  TRY(write_state());
  usage_ = Usage::of(container.pid);
  container.set_size(conf_.rows, conf_.columns);
  created_ms_ = monotonic_ms();
  return Report{.pid = container.pid, .error = "", .warning = warning};
}

Result<void> Shim::prepare() {
  dir_ = TRY(sys::getcwd());
  for (const std::string& each : conf_.held) {
    const HeldNumber held = parse_held(each).value_or(HeldNumber());
    held_.push_back({Fd(held.number), held.port});
  }
  TRY(sys::prctl(PR_SET_CHILD_SUBREAPER, 1));
  const sigset_t mask = handled_signals();
  TRY(sys::block_signals(mask));
  signals_ = TRY(sys::signalfd(mask));
  state_.boot = TRY(boot_id());
  state_.shim = sys::getpid();
  state_.shim_start = TRY(process_start_time(state_.shim));
  TRY(write_state());
  TRY(check_starter());
  log_ = TRY(LogFile::open(conf_));
  (void)sys::unlinkat(FdView::cwd(), kSocketFile);
  listener_ = TRY(sys::unix_socket(SOCK_SEQPACKET | SOCK_NONBLOCK));
  TRY(sys::bind_unix(listener_, kSocketFile));
  TRY(sys::listen(listener_, 64));
  Target& container = targets_.emplace_back();
  container.is_container = true;
  container.terminal = conf_.terminal;
  container.policy = conf_.input;
  return {};
}

Result<std::string> Shim::run_create(std::vector<std::string> more, const process::Streams& streams,
                                     FdView said) {
  std::vector<std::string> arguments = {"create", runtime_options::kBundle, conf_.bundle,
                                        runtime_options::kPidFile, text::cat(dir_, "/", kPidFile)};
  arguments.insert(arguments.end(), more.begin(), more.end());
  arguments.push_back(conf_.id);
  const pid_t pid = TRY(runtime_.begin(std::move(arguments), streams));
  // Who finds this shim dead is to find the runtime too.
  state_.runtime = pid;
  state_.runtime_start = process_start_time(pid).ok() ? process_start_time(pid).value() : 0;
  TRY(write_state());
  Result<std::string> ended = runtime_.end(pid, said);
  state_.runtime = 0;
  state_.runtime_start = 0;
  return ended;
}

// The runtime has the container's streams; until start, all that comes is the runtime's.
Result<std::string> Shim::create_with_pipes() {
  const TargetEnds ends = TRY(open_pipes(targets_.front()));
  return run_create({}, ends.streams(), targets_.front().errors);
}

Result<std::string> Shim::create_with_terminal() {
  const ConsoleSocket console =
      TRY(ConsoleSocket::listen(text::cat("/proc/", sys::getpid(), "/cwd/", kScratchPrefix, "console")));
  const Fd null = TRY(sys::open("/dev/null", O_RDWR));
  sys::Pipe pipe = TRY(sys::pipe());
  TRY(sys::set_nonblocking(pipe.read));
  std::string said = TRY(run_create({runtime_options::kConsoleSocket, console.path()},
                                    {null, pipe.write, pipe.write}, pipe.read));
  TRY(targets_.front().take_terminal(TRY(console.receive())));
  return said;
}

Result<void> Shim::write_state() {
  const std::string text = TRY(key_values::write(kStateKeys, &state_));
  return files::replace(FdView::cwd(), kStateFile, text, 0644);
}

Result<pid_t> Shim::read_pid(const std::string& file) const {
  const std::string content = TRY(files::read_all(FdView::cwd(), file, 64));
  const auto pid = text::number<pid_t>(text::trim(content));
  if (!pid || *pid <= 0) return Error(Code::kInternal, "the runtime wrote no process number");
  return *pid;
}

void Shim::abandon() {
  if (state_.init != 0) (void)sys::kill(state_.init, SIGKILL);
  (void)runtime_.run({"delete", runtime_options::kForce, conf_.id});
}

Result<int> Shim::serve() {
  TRY(loop());
  relay_.let_go();  // whoever starts it again gets its ports
  if (failed_) {
    flush_all();
    abandon();
    return 1;
  }
  (void)record_end();  // without a record the next command says that the end was not seen
  return become_after_exit();
}

Result<void> Shim::record_end() {
  const siginfo_t& ended = *targets_.front().ended;
  ExitRecord record;
  record.code = static_cast<unsigned>(process::exit_code(ended));
  record.signal = ended.si_code == CLD_EXITED ? 0 : static_cast<unsigned>(ended.si_status);
  record.started_ns = state_.started_ns;
  record.finished_ns = epoch_ns();
  record.log_lost = log_.lost();
  record.told_to_end = told_to_end_;
  usage_.read(record);
  const std::string text = TRY(key_values::write(kExitKeys, &record));
  TRY(files::replace(FdView::cwd(), kExitFile, text, 0644));
  const Exit exit{static_cast<uint8_t>(record.code), static_cast<uint8_t>(record.signal), record.oom};
  for (Client& client : clients_) client.send(Type::kExit, bytes_of(exit));
  flush_all();
  return {};
}

void Shim::flush_all() {
  const int64_t deadline = monotonic_ms() + kLastWords;
  for (Client& client : clients_) {
    while (client.busy() && !client.gone() && monotonic_ms() < deadline) {
      struct pollfd one[] = {{client.socket().number(), POLLOUT, 0}};
      (void)sys::poll(one, static_cast<int>(std::max<int64_t>(deadline - monotonic_ms(), 0)));
      client.flush();
    }
  }
}

// Clients stay connected until that command has ended: then the container is cleaned up after.
Result<int> Shim::become_after_exit() {
  if (conf_.after_exit.empty()) return 0;
  for (const Client& client : clients_)
    if (!client.gone()) TRY(sys::set_close_on_exec(client.socket(), false));
  TRY(sys::prctl(PR_SET_CHILD_SUBREAPER, 0));
  sigset_t none;
  sigemptyset(&none);
  TRY(sys::set_signal_mask(none));
  std::vector<char*> arguments;
  for (const std::string& each : conf_.after_exit) arguments.push_back(const_cast<char*>(each.c_str()));
  arguments.push_back(nullptr);
  TRY(sys::execve(conf_.after_exit[0], arguments.data(), environ));
  return 1;
}

}  // namespace estiva::shim
