// SPDX-License-Identifier: Apache-2.0
// Undo: what takes back a step, made right behind it. Runs when it goes out of scope, unless dismissed. A forked
// child never gets there: it leaves by exec or _exit.
#pragma once

#include <utility>

namespace estiva {

template <typename Action>
class Undo {
 public:
  explicit Undo(Action action) : action_(std::move(action)) {}
  Undo(const Undo&) = delete;
  Undo& operator=(const Undo&) = delete;
  ~Undo() { run(); }
  // At once, and then no more.
  void run() {
    if (std::exchange(armed_, false)) action_();
  }
  void dismiss() { armed_ = false; }

 private:
  Action action_;
  bool armed_ = true;
};

}  // namespace estiva
