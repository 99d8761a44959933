// SPDX-License-Identifier: Apache-2.0
// Copies between our standard streams and the container's terminal, within one poll loop.
#pragma once

#include <poll.h>

#include <span>
#include <string>

#include "estiva/base/error.h"
#include "estiva/base/fd.h"

namespace estiva {

class Relay {
 public:
  static constexpr size_t kDescriptors = 2;  // terminal, standard input

  // `master` may be invalid: then nothing is copied.
  explicit Relay(FdView master) : master_(master) {}

  void prepare(std::span<struct pollfd> fds) const;
  Result<void> move(std::span<const struct pollfd> fds);
  // What the terminal still holds after the last process has gone.
  void drain();

 private:
  Result<bool> copy_output();  // false: there is no more for now

  FdView master_;
  std::string pending_;  // read from standard input, not yet taken by the terminal
  bool input_open_ = true;
  bool output_open_ = true;
};

}  // namespace estiva
