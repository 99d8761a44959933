// SPDX-License-Identifier: Apache-2.0
// Waiting for a container in the foreground.
#include "runtime/parent/foreground.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "estiva/base/process.h"
#include "estiva/base/sys_process.h"
#include "estiva/base/sys_socket.h"
#include "runtime/parent/relay.h"

namespace estiva {

namespace {

constexpr int kStdin = 0;

// Everything that can be sent from outside; what the process does to itself (SIGSEGV, ...) stays its own.
sigset_t passed_signals() {
  sigset_t mask;
  sigfillset(&mask);
  for (const int own :
       {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS, SIGPIPE, SIGURG, SIGTTIN, SIGTTOU}) {
    sigdelset(&mask, own);
  }
  return mask;
}

void copy_size(FdView from, FdView to) {
  const Result<struct winsize> size = sys::tty_size(from);
  if (size.ok()) (void)sys::tty_set_size(to, size.value());
}

}  // namespace

Result<Foreground> Foreground::prepare(bool terminal, bool subreaper) {
  Foreground foreground;
  const sigset_t mask = passed_signals();
  TRY(sys::block_signals(mask));
  foreground.signals_ = TRY(sys::signalfd(mask));
  foreground.signals_.close_later();
  foreground.subreaper_ = subreaper;
  if (subreaper) TRY(sys::prctl(PR_SET_CHILD_SUBREAPER, 1));
  if (!terminal) return foreground;
  sys::SocketPair pair = TRY(sys::socketpair(SOCK_STREAM));
  foreground.our_end_ = std::move(pair.first);
  foreground.container_end_ = std::move(pair.second);
  return foreground;
}

Foreground::~Foreground() {
  if (saved_) (void)sys::tty_set_attributes(FdView::of_number(kStdin), *saved_);
}

Result<void> Foreground::attach_terminal() {
  if (!our_end_.valid()) return {};
  sys::Received received = TRY(sys::receive_message(our_end_, 4096));
  if (!received.fd.valid()) return Error(Code::kInternal, "the init sent no terminal");
  master_ = std::move(received.fd);
  our_end_.reset();
  // The container may close its terminal and open it again, as /dev/console: meanwhile reads would give EIO, and nothing
  // tells when they no longer do.
  slave_ = TRY(sys::tty_peer(master_, O_RDWR | O_NOCTTY));
  const FdView own = FdView::of_number(kStdin);
  Result<struct termios> attributes = sys::tty_attributes(own);
  if (!attributes.ok()) return {};  // standard input is no terminal
  copy_size(own, master_);
  struct termios raw = attributes.value();
  cfmakeraw(&raw);
  saved_ = attributes.value();
  return sys::tty_set_attributes(own, raw);
}

Result<void> Foreground::pass_signals(FdView pidfd) {
  for (;;) {
    struct signalfd_siginfo info;
    const Result<size_t> size = sys::read(signals_, &info, sizeof info);
    if (!size.ok() && size.error().errnum() == EAGAIN) return {};
    if (!size.ok()) return Error::system("read signalfd", size.error().errnum());
    const int number = static_cast<int>(info.ssi_signo);
    if (number == SIGWINCH && master_.valid()) {
      copy_size(FdView::of_number(kStdin), master_);
    } else if (number != SIGCHLD) {
      (void)sys::pidfd_send_signal(pidfd, number);  // it may have ended by now
    }
  }
}

// We stay the service's main process, and do not end the container for that nobody listens.
void Foreground::pass_on_ready(Log& log) {
  const Result<void> told = notify_.pass_on(0, log);
  if (!told.ok()) log.warning(told.error().to_string());
}

Result<int> Foreground::wait(FdView pidfd, pid_t pid, Log& log) {
  Relay relay(master_);
  for (;;) {
    struct pollfd fds[3 + Relay::kDescriptors] = {
        {pidfd.number(), POLLIN, 0}, {signals_.number(), POLLIN, 0}, {notify_.socket().number(), POLLIN, 0}};
    relay.prepare({fds + 3, Relay::kDescriptors});
    TRY(sys::poll(fds, -1));
    TRY(relay.move({fds + 3, Relay::kDescriptors}));
    if (fds[1].revents != 0) TRY(pass_signals(pidfd));
    if (fds[2].revents != 0) pass_on_ready(log);
    if (fds[0].revents != 0) break;
  }
  const siginfo_t ended = TRY(sys::wait_pid(pid));
  relay.drain();
  // Orphans of a container that had no init of its own.
  while (subreaper_) {
    const Result<siginfo_t> orphan = sys::wait_any_nohang();
    if (!orphan.ok() || orphan.value().si_pid == 0) break;
  }
  return process::exit_code(ended);
}

}  // namespace estiva
