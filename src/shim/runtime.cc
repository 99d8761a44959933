// SPDX-License-Identifier: Apache-2.0
// Calls of the OCI runtime.
#include "shim/runtime.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "estiva/base/sys.h"
#include "estiva/base/sys_process.h"
#include "estiva/base/sys_socket.h"
#include "estiva/base/text.h"

namespace estiva::shim {

namespace {

constexpr size_t kMaxSaid = 4096;
constexpr int kMostTime = 120'000;  // milliseconds of a command: then it hangs

std::vector<std::string> environment() {
  std::vector<std::string> out;
  for (char** each = environ; *each != nullptr; ++each) out.emplace_back(*each);
  return out;
}

void keep_end(std::string& text) {
  if (text.size() > kMaxSaid) text.erase(0, text.size() - kMaxSaid);
}

Result<void> drain(FdView pipe, std::string& out) {
  char buffer[kMaxSaid];
  for (;;) {
    const std::optional<size_t> size = TRY(sys::try_read(pipe, buffer, sizeof buffer));
    if (size.value_or(0) == 0) return {};
    out.append(buffer, *size);
    keep_end(out);
  }
}

// Until the process has ended, even if a child of it keeps the pipe open.
Result<void> follow(FdView pidfd, FdView pipe, std::string& out) {
  for (;;) {
    struct pollfd watched[] = {{pidfd.number(), POLLIN, 0}, {pipe.number(), POLLIN, 0}};
    if (TRY(sys::poll(watched, kMostTime)) == 0) {
      TRY(sys::pidfd_send_signal(pidfd, SIGKILL));
      out += "no end in two minutes, killed";
      return {};
    }
    if (watched[0].revents != 0) return pipe.valid() ? drain(pipe, out) : Result<void>();
    TRY(drain(pipe, out));
    if ((watched[1].revents & POLLHUP) != 0) pipe = FdView::of_number(-1);
  }
}

}  // namespace

std::string one_line(std::string_view given) {
  std::string out;
  for (const std::string& line : text::split(text::trim(given), '\n')) {
    const std::string_view shown = text::trim(line);
    if (!shown.empty()) out += text::cat(out.empty() ? "" : "; ", text::printable(shown));
  }
  return out;
}

std::string said_on(FdView pipe) {
  std::string out;
  (void)drain(pipe, out);
  return one_line(out);
}

Result<pid_t> Runtime::begin(std::vector<std::string> arguments, const process::Streams& streams) const {
  process::Command command;
  command.path = conf_.runtime.at(0);
  command.args = conf_.runtime;
  command.env = environment();
  command.args.insert(command.args.end(), arguments.begin(), arguments.end());
  return process::spawn(command, streams);
}

Result<std::string> Runtime::end(pid_t pid, FdView said) const {
  const Fd pidfd = TRY(sys::pidfd_open(pid));
  std::string text;
  Result<void> followed = follow(pidfd, said, text);
  const siginfo_t ended = TRY(sys::wait_pid(pid));
  TRY(std::move(followed));
  std::string line = one_line(text);
  if (ended.si_code == CLD_EXITED && ended.si_status == 0) return line;
  if (line.empty()) line = text::cat(conf_.runtime.at(0), ": ", process::describe(ended));
  return Error(Code::kSystem, std::move(line));
}

Result<std::string> Runtime::run(std::vector<std::string> arguments) const {
  const Fd null = TRY(sys::open("/dev/null", O_RDWR));
  sys::Pipe pipe = TRY(sys::pipe());
  TRY(sys::set_nonblocking(pipe.read));
  const pid_t pid = TRY(begin(std::move(arguments), {null, pipe.write, pipe.write}));
  pipe.write.reset();
  return end(pid, pipe.read);
}

Result<ConsoleSocket> ConsoleSocket::listen(const std::string& path) {
  ConsoleSocket out;
  out.path_ = path;
  (void)sys::unlinkat(FdView::cwd(), path);
  out.socket_ = TRY(sys::unix_socket(SOCK_STREAM | SOCK_NONBLOCK));
  TRY(sys::bind_unix(out.socket_, path));
  TRY(sys::listen(out.socket_, 1));
  return out;
}

ConsoleSocket::~ConsoleSocket() {
  if (!path_.empty()) (void)sys::unlinkat(FdView::cwd(), path_);
}

Result<Fd> ConsoleSocket::receive() const {
  const Fd peer = TRY(sys::accept(socket_));
  sys::Received received = TRY(sys::receive_message(peer, kMaxSaid));
  if (!received.fd.valid()) return Error(Code::kInternal, "the runtime sent no terminal");
  TRY(sys::set_nonblocking(received.fd));
  return std::move(received.fd);
}

}  // namespace estiva::shim
