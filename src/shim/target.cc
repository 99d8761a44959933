// SPDX-License-Identifier: Apache-2.0
// Standard streams of a process.
#include "shim/target.h"

#include <fcntl.h>

#include "estiva/base/sys.h"
#include "estiva/base/sys_socket.h"

namespace estiva::shim {

Result<void> Target::take_terminal(Fd master) {
  slave = TRY(sys::tty_peer(master, O_RDWR | O_NOCTTY));
  output = std::move(master);
  return {};
}

void Target::feed() {
  while (!typed.empty() && sink().valid()) {
    const Result<std::optional<size_t>> put = sys::try_write(sink(), typed.data(), typed.size());
    if (put.ok() && !put.value()) return;  // it is busy
    if (put.ok()) {
      typed.erase(0, *put.value());
      continue;
    }
    // It reads no more. What a terminal got is gone with its last user.
    typed.clear();
    if (!terminal) input.reset();
  }
  if (!sink().valid()) typed.clear();
  if (typed.empty() && input_ending && !terminal) input.reset();
}

void Target::set_size(uint16_t rows, uint16_t columns) const {
  if (!terminal || !output.valid() || rows == 0 || columns == 0) return;
  (void)sys::tty_set_size(output, {.ws_row = rows, .ws_col = columns, .ws_xpixel = 0, .ws_ypixel = 0});
}

Result<TargetEnds> open_pipes(Target& target) {
  TargetEnds ends;
  if (target.policy == Input::kNone) {
    ends.input = TRY(sys::open("/dev/null", O_RDONLY));
  } else {
    sys::Pipe pipe = TRY(sys::pipe());
    TRY(sys::set_nonblocking(pipe.write));
    ends.input = std::move(pipe.read);
    target.input = std::move(pipe.write);
  }
  const auto open_output = [](Fd& ours, Fd& theirs) -> Result<void> {
    sys::Pipe pipe = TRY(sys::pipe());
    TRY(sys::set_nonblocking(pipe.read));
    ours = std::move(pipe.read);
    theirs = std::move(pipe.write);
    return {};
  };
  TRY(open_output(target.output, ends.output));
  TRY(open_output(target.errors, ends.errors));
  return ends;
}

}  // namespace estiva::shim
