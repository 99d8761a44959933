// SPDX-License-Identifier: Apache-2.0
// Passes on that a container is ready.
#include "runtime/parent/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <algorithm>

#include "estiva/base/sys_socket.h"
#include "estiva/base/text.h"
#include "runtime/plan/notify.h"

namespace estiva {

namespace {

constexpr int kBarrierMs = 30'000;
// More than the kernel keeps for a socket (net.unix.max_dgram_qlen): what was there when the init ended is read, and who
// never stops sending keeps nobody here.
constexpr int kAtOnce = 1024;

// sd_notify_barrier(3): the other side closes what it is sent once it has taken all that came before.
Result<void> wait_for_barrier(FdView host, Log& log) {
  sys::Pipe pipe = TRY(sys::pipe());
  TRY(sys::send_message(host, "BARRIER=1", pipe.write));
  pipe.write.reset();
  struct pollfd end = {pipe.read.number(), POLLIN, 0};
  if (TRY(sys::poll({&end, 1}, kBarrierMs)) == 0)
    log.warning("NOTIFY_SOCKET: no answer to BARRIER=1 within 30 s");
  return {};
}

bool says_ready(std::string_view message) {
  const std::vector<std::string> lines = text::split(message, '\n');
  return std::ranges::find(lines, "READY=1") != lines.end();
}

Result<void> bind_for_all(const Fd& socket, FdView directory) {
  Result<void> earlier = sys::unlinkat(directory, plan::kNotifySocket);  // of a start that failed
  if (!earlier.ok() && earlier.error().errnum() != ENOENT) return earlier;
  TRY(sys::bind_unix(socket, text::cat("/proc/self/fd/", directory.number(), "/", plan::kNotifySocket)));
  // Whoever the container's program is.
  return sys::fchmodat(directory, plan::kNotifySocket, 0777);
}

}  // namespace

std::string host_notify_socket() {
  const char* path = ::getenv("NOTIFY_SOCKET");
  return path == nullptr ? "" : path;
}

Result<NotifyProxy> NotifyProxy::open(const ContainerDir& dir, const std::string& host) {
  NotifyProxy proxy;
  if (host.empty()) return proxy;
  Result<Fd> directory = sys::openat(dir.dir, plan::kNotifyDirectory, O_PATH | O_DIRECTORY | O_NOFOLLOW);
  if (!directory.ok() && directory.error().errnum() == ENOENT) return proxy;
  const Fd place = TRY(std::move(directory));
  proxy.host_ = TRY(sys::unix_socket(SOCK_DGRAM));
  const std::string address = host.starts_with('@') ? std::string(1, '\0') + host.substr(1) : host;
  TRY(sys::connect_unix(proxy.host_, address).context([] { return "NOTIFY_SOCKET"; }));
  proxy.container_ = TRY(sys::unix_socket(SOCK_DGRAM | SOCK_NONBLOCK));
  TRY(bind_for_all(proxy.container_, place).context([] { return "the container's NOTIFY_SOCKET"; }));
  return proxy;
}

Result<void> NotifyProxy::pass_on(pid_t main_pid, Log& log) {
  for (int message = 0; message < kAtOnce; ++message) {
    char buffer[4096];
    // Descriptors that come along are dropped.
    const Result<size_t> size = sys::read(container_, buffer, sizeof buffer);
    if (!size.ok()) return {};
    if (!says_ready(std::string_view(buffer, size.value()))) continue;
    container_.reset();
    return tell_host(main_pid, log).context([] { return "NOTIFY_SOCKET"; });
  }
  return {};
}

Result<void> NotifyProxy::tell_host(pid_t main_pid, Log& log) {
  TRY(sys::send_message(host_, "READY=1\n"));
  if (main_pid == 0) return {};
  TRY(sys::send_message(host_, text::cat("MAINPID=", main_pid, "\n")));
  return wait_for_barrier(host_, log);
}

Result<void> NotifyProxy::wait(FdView pidfd, pid_t pid, Log& log) {
  while (valid()) {
    struct pollfd fds[] = {{container_.number(), POLLIN, 0}, {pidfd.number(), POLLIN, 0}};
    TRY(sys::poll(fds, -1));
    if (fds[0].revents != 0) TRY(pass_on(pid, log));
    if (fds[1].revents != 0) return {};
  }
  return {};
}

}  // namespace estiva
