// SPDX-License-Identifier: Apache-2.0
// Fd owns a file descriptor; FdView borrows one. No other code holds a raw descriptor.
#pragma once

#include <utility>

namespace estiva {

// When a descriptor that nobody owns any more is closed. kLater is for those whose end nobody can see (O_PATH, mounts,
// files that were only read): many go by one call, or by the end of the process.
enum class Closing : bool { kNow, kLater };

class Fd {
 public:
  Fd() = default;
  explicit Fd(int number, Closing closing = Closing::kNow) : number_(number), closing_(closing) {}
  Fd(Fd&& other) noexcept : number_(std::exchange(other.number_, -1)), closing_(other.closing_) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) {
      reset();
      number_ = std::exchange(other.number_, -1);
      closing_ = other.closing_;
    }
    return *this;
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() { reset(); }

  bool valid() const { return number_ >= 0; }
  int number() const { return number_; }
  [[nodiscard]] int release() { return std::exchange(number_, -1); }
  // Closes; never repeated on EINTR, Linux has released the number by then (close(2)).
  void reset();
  void close_later() { closing_ = Closing::kLater; }

  // Closes what waits for it now: before others may trip over it (a hook that unmounts), or before waiting for long.
  static void close_waiting();
  // Those from `first` to `last` have been closed by number.
  static void forget_waiting(unsigned first, unsigned last);

 private:
  int number_ = -1;
  Closing closing_ = Closing::kNow;
};

class FdView {
 public:
  FdView(const Fd& fd) : number_(fd.number()) {}
  // For the three standard streams and descriptors handed over by number (LISTEN_FDS, --preserve-fds).
  static FdView of_number(int number) { return FdView(number); }
  // Paths are then relative to the working directory (AT_FDCWD).
  static FdView cwd();
  int number() const { return number_; }
  bool valid() const { return number_ >= 0; }

 private:
  explicit FdView(int number) : number_(number) {}
  int number_;
};

}  // namespace estiva
