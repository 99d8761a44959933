// SPDX-License-Identifier: Apache-2.0
// Runs a program and waits for it.
#include "estiva/base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "estiva/base/sys.h"
#include "estiva/base/sys_process.h"
#include "estiva/base/sys_socket.h"
#include "estiva/base/text.h"
#include "estiva/base/time.h"

namespace estiva::process {

namespace {

constexpr size_t kMaxSaid = 4096;        // of what a failing program wrote
constexpr size_t kMaxOutput = 64 << 20;  // of what one wrote whose output is wanted

std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> list;
  list.reserve(strings.size() + 1);
  for (const std::string& text : strings) list.push_back(const_cast<char*>(text.c_str()));
  list.push_back(nullptr);
  return list;
}

// A file, not a pipe: a program that never reads its input must not block or kill us.
Result<Fd> input_file(const std::string& input) {
  Fd file = TRY(sys::memfd_create("input", 0));
  TRY(sys::write_all(file, input));
  if (::lseek(file.number(), 0, SEEK_SET) < 0) return Error::system("lseek", errno);
  return file;
}

struct Outcome {
  std::string output;
  bool timed_out = false;
};

// Keeps the end of the output; ends when the program has or its time is up, even if it, or a child of it, never stops
// writing. What the pipe held at its end is read.
Result<Outcome> watch(const Fd& pidfd, const Fd& output, std::optional<int64_t> timeout_s, size_t kept) {
  constexpr size_t kMostHeld = 65536;    // pipe(7)
  constexpr int64_t kLongest = 1 << 30;  // seconds, 34 years
  Outcome outcome;
  const int64_t deadline = timeout_s ? monotonic_ms() + std::min(*timeout_s, kLongest) * 1000 : 0;
  bool output_open = true;
  for (size_t after_end = 0;;) {
    struct pollfd fds[] = {{pidfd.number(), POLLIN, 0}, {output_open ? output.number() : -1, POLLIN, 0}};
    const int64_t left = timeout_s ? std::max<int64_t>(deadline - monotonic_ms(), 0) : -1;
    TRY(sys::poll(fds, static_cast<int>(std::min<int64_t>(left, 1 << 30))));
    const bool ended = fds[0].revents != 0;
    if (left == 0 && !ended) {
      outcome.timed_out = true;
      TRY(sys::pidfd_send_signal(pidfd, SIGKILL));
      return outcome;
    }
    if (ended && (fds[1].revents == 0 || after_end >= kMostHeld)) return outcome;
    if (fds[1].revents == 0) continue;
    char buffer[kMaxSaid];
    const size_t size = TRY(sys::read(output, buffer, sizeof buffer));
    output_open = size > 0;
    if (ended) after_end += size;
    outcome.output.append(buffer, size);
    if (outcome.output.size() > kept) outcome.output.erase(0, outcome.output.size() - kept);
  }
}

// Its output, up to the last `kept` bytes.
Result<std::string> complete(const Command& command, size_t kept) {
  const Fd input = TRY(input_file(command.input));
  sys::Pipe output = TRY(sys::pipe());
  const auto given = [&](FdView fd) { return fd.valid() ? fd : FdView(output.write); };
  const FdView errors = command.errors_apart ? FdView::of_number(-1) : given(command.error_output);
  const pid_t pid =
      TRY(spawn(command, {input, given(command.output), errors}).context([&] { return command.path; }));
  output.write.reset();
  Result<Outcome> watched = [&]() -> Result<Outcome> {
    const Fd pidfd = TRY(sys::pidfd_open(pid));
    return watch(pidfd, output.read, command.timeout_s, kept);
  }();
  if (!watched.ok()) (void)sys::kill(pid, SIGKILL);
  const siginfo_t ended = TRY(sys::wait_pid(pid));
  Outcome outcome = TRY(std::move(watched));
  if (outcome.timed_out) {
    return Error(Code::kSystem,
                 text::cat(command.path, " did not end in ", *command.timeout_s, " s, killed"));
  }
  if (ended.si_code == CLD_EXITED && ended.si_status == 0) return std::move(outcome.output);
  const std::string_view said = text::trim(outcome.output);
  return Error(Code::kSystem, text::cat(command.path, ": ", describe(ended), said.empty() ? "" : ", output ",
                                        said.empty() ? "" : text::quote(said)));
}

}  // namespace

Result<pid_t> spawn(const Command& command, const Streams& streams) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  const FdView wanted[] = {streams.in, streams.out, streams.err};
  for (int i = 0; i < 3; ++i)
    if (wanted[i].valid()) posix_spawn_file_actions_adddup2(&actions, wanted[i].number(), i);
  // Onto itself: it loses its close-on-exec there (POSIX.1-2024; glibc 2.29).
  const int lock = command.lock.number();
  if (command.lock.valid()) posix_spawn_file_actions_adddup2(&actions, lock, lock);
  if (!command.directory.empty()) posix_spawn_file_actions_addchdir_np(&actions, command.directory.c_str());
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, static_cast<short>(POSIX_SPAWN_SETSIGMASK |
                                                           (command.own_session ? POSIX_SPAWN_SETSID : 0)));
  pid_t pid = -1;
  const std::vector<std::string> default_args{command.path};
  const std::vector<char*> argv = pointers(command.args.empty() ? default_args : command.args);
  const int errnum = ::posix_spawn(&pid, command.path.c_str(), &actions, &attributes, argv.data(),
                                   pointers(command.env).data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (errnum != 0) return Error::system("exec", errnum);
  return pid;
}

Result<void> run(const Command& command) {
  TRY(complete(command, kMaxSaid));
  return {};
}

Result<std::string> capture(const Command& command) { return complete(command, kMaxOutput); }

std::string describe(const siginfo_t& ended) {
  if (ended.si_code == CLD_EXITED) return text::cat("exit status ", ended.si_status);
  const char* name = sigabbrev_np(ended.si_status);
  return name != nullptr ? text::cat("killed by SIG", name) : text::cat("killed by signal ", ended.si_status);
}

int exit_code(const siginfo_t& ended) {
  return ended.si_code == CLD_EXITED ? ended.si_status : 128 + ended.si_status;
}

}  // namespace estiva::process
