// SPDX-License-Identifier: Apache-2.0
// Fd owns a file descriptor; FdView borrows one. No other code holds a raw descriptor.
#pragma once

#include <utility>

namespace estiva {

class Fd {
 public:
  Fd() = default;
  explicit Fd(int number) : number_(number) {}
  Fd(Fd&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) {
      reset();
      number_ = std::exchange(other.number_, -1);
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

 private:
  int number_ = -1;
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
