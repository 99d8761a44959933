// SPDX-License-Identifier: Apache-2.0
// Signals and orphans.
#include "shim/init.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <vector>

#include "estiva/base/process.h"
#include "estiva/base/sys.h"
#include "estiva/base/sys_process.h"
#include "estiva/base/sys_socket.h"
#include "estiva/base/text.h"

namespace estiva::shim {

namespace {

constexpr int kNotExecutable = 126, kNotFound = 127;

// By its path, or where PATH says.
Result<pid_t> start(std::span<char* const> program) {
  const std::string name = program[0];
  process::Command command;
  command.args.assign(program.begin(), program.end());
  for (char** each = environ; *each != nullptr; ++each) command.env.emplace_back(*each);
  const char* path = ::getenv("PATH");
  const bool is_path = name.find('/') != name.npos;
  std::optional<Error> refusal;
  for (const std::string& dir : text::split(is_path || path == nullptr ? "" : path, ':')) {
    command.path = is_path ? name : text::cat(dir.empty() ? "." : dir, "/", name);
    const auto ours = FdView::of_number(-1);
    Result<pid_t> started = process::spawn(command, {ours, ours, ours});
    if (started.ok()) return started;
    // What is there and can't be executed is the better answer.
    if (!refusal || started.error().errnum() != ENOENT) refusal.emplace(std::move(started).error());
  }
  return std::move(*refusal);
}

// Of all that have ended; the program's status if it is among them.
std::optional<int> reap(pid_t program) {
  std::optional<int> status;
  for (;;) {
    const Result<siginfo_t> ended = sys::wait_any_nohang();
    if (!ended.ok() || ended.value().si_pid == 0) return status;
    if (ended.value().si_pid == program) status = process::exit_code(ended.value());
  }
}

// What a terminal sends, it sends to the program too. What is blocked is not ignored, although this is process 1.
Result<int> serve(pid_t program, FdView signals) {
  for (;;) {
    struct pollfd watched[] = {{signals.number(), POLLIN, 0}};
    TRY(sys::poll(watched, -1));
    struct signalfd_siginfo info;
    while (TRY(sys::try_read(signals, &info, sizeof info))) {
      const bool of_child = info.ssi_signo == SIGCHLD;
      if (!of_child && info.ssi_code != SI_KERNEL) (void)sys::kill(program, static_cast<int>(info.ssi_signo));
      const std::optional<int> status = of_child ? reap(program) : std::nullopt;
      if (status) return *status;
    }
  }
}

Result<int> live(std::span<char* const> program) {
  sigset_t all;
  sigfillset(&all);
  TRY(sys::block_signals(all));
  const Fd signals = TRY(sys::signalfd(all));
  const pid_t pid = TRY(start(program));
  return serve(pid, signals);
}

}  // namespace

int run_init(std::span<char* const> program) {
  const Result<int> status = live(program);
  if (status.ok()) return status.value();
  const int number = status.error().errnum();
  const std::string text =
      text::cat(kInitName, ": ", text::quote(program[0]), ": ", status.error().to_string(), "\n");
  (void)sys::write_all(FdView::of_number(STDERR_FILENO), text);
  return number == ENOENT || number == ENOTDIR ? kNotFound : kNotExecutable;
}

}  // namespace estiva::shim
