// SPDX-License-Identifier: Apache-2.0
// Sending to a client without ever waiting for it.
#include "shim/client.h"

#include <algorithm>

#include "estiva/base/sys_socket.h"
#include "estiva/base/time.h"

namespace estiva::shim {

bool Client::try_send(std::string_view packet) {
  const struct iovec part = {const_cast<char*>(packet.data()), packet.size()};
  const Result<bool> sent = sys::try_send(socket_, {&part, 1});
  if (!sent.ok()) gone_ = true;
  return !sent.ok() || sent.value();
}

void Client::send(Type type, std::string_view data) {
  if (gone_) return;
  if (lost_ > 0) tell_lost();  // it comes where the gap is, before the exit
  std::string packet(1, static_cast<char>(type));
  packet += data;
  if (queue_.empty() && try_send(packet)) return;
  if (queue_.empty()) busy_since_ = monotonic_ms();
  const uint32_t size = static_cast<uint32_t>(packet.size());
  queue_ += bytes_of(size);
  queue_ += packet;
}

void Client::send_replay() {
  const std::string text = target->replay.text();
  for (std::string_view rest = text; !rest.empty(); rest.remove_prefix(std::min(rest.size(), kMaxData)))
    send(Type::kOutput, rest.substr(0, kMaxData));
}

void Client::send_output(Type type, std::string_view data) {
  if ((hello.wants & kWantOutput) == 0) return;
  if (busy()) {
    lost_ += data.size();
  } else {
    send(type, data);
  }
}

void Client::flush() {
  size_t done = 0;
  while (!gone_ && done < queue_.size()) {
    const uint32_t size = *read_front<uint32_t>(std::string_view(queue_).substr(done));
    if (!try_send(std::string_view(queue_).substr(done + sizeof size, size))) break;
    done += sizeof size + size;
  }
  queue_.erase(0, done);
  if (!queue_.empty()) return;
  std::string().swap(queue_);
  if (lost_ > 0) tell_lost();
}

void Client::tell_lost() {
  const Lost lost{std::exchange(lost_, 0)};
  send(Type::kLost, bytes_of(lost));
  if (target->terminal) send_replay();
}

int64_t Client::patience_left(int64_t now) const {
  if (gone_ || !busy()) return 0;
  if (hello.patience_ms == kEver) return -1;
  return std::max<int64_t>(busy_since_ + hello.patience_ms - now, 0);
}

}  // namespace estiva::shim
