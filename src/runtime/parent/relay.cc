// SPDX-License-Identifier: Apache-2.0
// Copies between our standard streams and the container's terminal.
#include "runtime/parent/relay.h"

#include <errno.h>
#include <algorithm>

#include "estiva/base/sys.h"
#include "estiva/base/sys_socket.h"

namespace estiva {

namespace {

constexpr size_t kBuffer = 16384;

FdView standard(int number) { return FdView::of_number(number); }

}  // namespace

void Relay::prepare(std::span<struct pollfd> fds) const {
  const bool has_room = pending_.size() < kBuffer;
  const short wanted = static_cast<short>((output_open_ ? POLLIN : 0) | (pending_.empty() ? 0 : POLLOUT));
  fds[0] = {master_.valid() && wanted != 0 ? master_.number() : -1, wanted, 0};
  fds[1] = {master_.valid() && input_open_ && has_room ? 0 : -1, POLLIN, 0};
}

Result<bool> Relay::copy_output() {
  char buffer[kBuffer];
  const Result<size_t> size = sys::read(master_, buffer, sizeof buffer);
  // EIO: it was hung up, with the end of the session that it controlled.
  if (!size.ok() && size.error().errnum() == EIO) {
    output_open_ = false;
    return false;
  }
  if (!size.ok()) return Error::system("read terminal", size.error().errnum());
  if (size.value() == 0) return false;
  // Nobody reads our output: the container goes on all the same.
  (void)sys::write_all(standard(1), std::string_view(buffer, size.value()));
  return true;
}

Result<void> Relay::move(std::span<const struct pollfd> fds) {
  if ((fds[0].revents & (POLLIN | POLLHUP | POLLERR)) != 0) TRY(copy_output());
  if (fds[1].revents != 0) {
    char buffer[kBuffer];
    const Result<size_t> size = sys::read(standard(0), buffer, sizeof buffer);
    input_open_ = size.ok() && size.value() > 0;
    if (input_open_) pending_.append(buffer, size.value());
  }
  if ((fds[0].revents & POLLOUT) != 0 && !pending_.empty()) {
    // At most what the line discipline takes at once without blocking (N_TTY_BUF_SIZE is 4096).
    const Result<size_t> size = sys::write(master_, pending_.data(), std::min<size_t>(pending_.size(), 1024));
    // Hung up, as above: nobody will read it.
    const bool hung_up = !size.ok() && size.error().errnum() == EIO;
    if (!size.ok() && !hung_up) return Error::system("write terminal", size.error().errnum());
    pending_.erase(0, hung_up ? pending_.size() : size.value());
  }
  return {};
}

void Relay::drain() {
  while (master_.valid() && output_open_) {
    struct pollfd ready = {master_.number(), POLLIN, 0};
    const Result<int> polled = sys::poll({&ready, 1}, 0);
    if (!polled.ok() || polled.value() == 0) return;
    const Result<bool> copied = copy_output();
    if (!copied.ok() || !copied.value()) return;
  }
}

}  // namespace estiva
