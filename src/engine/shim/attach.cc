// SPDX-License-Identifier: Apache-2.0
// The loop between a person and a container.
#include "engine/shim/attach.h"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <optional>

#include "estiva/base/sys.h"
#include "estiva/base/sys_process.h"
#include "estiva/base/sys_socket.h"
#include "estiva/base/terminal_stream.h"
#include "estiva/base/text.h"

namespace estiva::engine {

namespace {

using shim::Type;

FdView in() { return FdView::of_number(STDIN_FILENO); }
FdView out() { return FdView::of_number(STDOUT_FILENO); }
FdView errors() { return FdView::of_number(STDERR_FILENO); }

constexpr int kPassed[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGCONT, SIGALRM};

class Session {
 public:
  Session(const ShimConnection& connection, AttachOptions options)
      : connection_(connection), options_(std::move(options)) {}
  ~Session() { restore(); }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  Result<Attached> run();

 private:
  Result<void> begin();
  void restore();
  Result<void> read_input();
  Result<void> read_output();
  Result<void> read_signal();
  void pass(std::string_view bytes);
  Result<void> show(FdView where, std::string_view bytes);

  const ShimConnection& connection_;
  AttachOptions options_;
  Fd signals_;
  std::optional<struct termios> saved_;
  std::optional<sigset_t> old_mask_;
  TerminalStream screen_;  // what the container did to our terminal
  bool reading_ = false;
  std::optional<Attached> ended_;
};

Result<void> Session::begin() {
  sigset_t mask;
  sigemptyset(&mask);
  for (const int each : kPassed) sigaddset(&mask, each);
  sigaddset(&mask, SIGWINCH);
  old_mask_ = TRY(sys::block_signals(mask));
  signals_ = TRY(sys::signalfd(mask));
  reading_ = options_.input;
  Result<struct termios> attributes = sys::tty_attributes(in());
  if (!options_.terminal || !options_.input || !attributes.ok()) return {};
  saved_ = attributes.value();
  struct termios raw = *saved_;
  ::cfmakeraw(&raw);
  return sys::tty_set_attributes(in(), raw);
}

void Session::restore() {
  if (options_.terminal) (void)sys::write_all(out(), screen_.undo());
  if (saved_) (void)sys::tty_set_attributes(in(), *saved_);
  saved_.reset();
  if (old_mask_) (void)sys::set_signal_mask(*old_mask_);
}

// Where nobody takes it any more, the end is what comes next.
void Session::pass(std::string_view bytes) {
  for (; !bytes.empty(); bytes.remove_prefix(std::min(bytes.size(), shim::kMaxData)))
    (void)connection_.send(Type::kInput, bytes.substr(0, shim::kMaxData));
}

Result<void> Session::read_input() {
  char buffer[4096];
  const Result<size_t> got = sys::read(in(), buffer, sizeof buffer);
  const size_t size = got.ok() ? got.value() : 0;
  if (size == 0) {
    reading_ = false;
    (void)connection_.send(Type::kInput);
    return {};
  }
  if (!options_.terminal) {
    pass({buffer, size});
    return {};
  }
  const DetachKeys::Typed typed = options_.keys.type({buffer, size});
  pass(typed.pass);
  if (!typed.detach) return {};
  ended_ = Attached{Attached::End::kDetached, {}};
  (void)connection_.send(Type::kDetach);
  return {};
}

Result<void> Session::show(FdView where, std::string_view bytes) {
  if (options_.terminal)
    for (std::string_view rest = bytes; !rest.empty();) rest.remove_prefix(screen_.read(rest).consumed);
  return sys::write_all(where, bytes);
}

Result<void> Session::read_output() {
  const Result<ShimMessage> received = connection_.receive();
  if (!received.ok() || received.value().end) {
    ended_ = Attached();
    return {};
  }
  const ShimMessage& message = received.value();
  switch (message.type) {
    case Type::kOutput:
    case Type::kErrors:
      if (options_.on_output) options_.on_output();
      return show(message.type == Type::kOutput ? out() : errors(), message.data);
    case Type::kLost:
      if (const auto lost = shim::read_front<shim::Lost>(message.data); lost && !options_.terminal)
        return sys::write_all(errors(), text::cat("cais: ", lost->bytes, " bytes of output were left out\n"));
      return {};
    case Type::kExit:
      ended_ =
          Attached{Attached::End::kExited, shim::read_front<shim::Exit>(message.data).value_or(shim::Exit())};
      return {};
    default:
      return {};
  }
}

Result<void> Session::read_signal() {
  struct signalfd_siginfo info;
  const std::optional<size_t> size = TRY(sys::try_read(signals_, &info, sizeof info));
  if (!size) return {};
  const int number = static_cast<int>(info.ssi_signo);
  if (number == SIGWINCH) (void)connection_.send(Type::kResize, shim::bytes_of(terminal_size()));
  const bool passes = options_.pass_signals && !options_.terminal && number != SIGWINCH;
  if (passes)
    (void)connection_.send(Type::kSignal, shim::bytes_of(shim::Signal{static_cast<uint8_t>(number)}));
  if (passes || number == SIGWINCH) return {};
  if (number == SIGCONT || number == SIGALRM) return {};
  // Ours, with the terminal as it was; the container goes on.
  (void)connection_.send(Type::kDetach);
  restore();
  TRY(sys::kill(sys::getpid(), number));
  ended_ = Attached{Attached::End::kDetached, {}};
  return {};
}

Result<Attached> Session::run() {
  TRY(begin());
  while (!ended_) {
    struct pollfd watched[] = {{reading_ ? STDIN_FILENO : -1, POLLIN, 0},
                               {connection_.socket().number(), POLLIN, 0},
                               {signals_.number(), POLLIN, 0}};
    const int ready = TRY(sys::poll(watched, options_.keys.holds() ? DetachKeys::kHold : -1));
    if (ready == 0) pass(options_.keys.release());
    if (watched[2].revents != 0) TRY(read_signal());
    if (watched[1].revents != 0) TRY(read_output());
    if (!ended_ && watched[0].revents != 0) TRY(read_input());
  }
  return *ended_;
}

}  // namespace

shim::Size terminal_size() {
  const Result<struct winsize> size = sys::tty_size(in());
  return size.ok() ? shim::Size{size.value().ws_row, size.value().ws_col} : shim::Size{0, 0};
}

Result<void> check_terminal(bool wanted) {
  if (!wanted || sys::tty_attributes(in()).ok()) return {};
  return Error(Code::kInvalid, "the input device is not a TTY")
      .hint("leave out -t (--tty) where standard input is no terminal");
}

Result<Attached> attach(const ShimConnection& connection, AttachOptions options) {
  return Session(connection, std::move(options)).run();
}

}  // namespace estiva::engine
