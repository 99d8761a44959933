// SPDX-License-Identifier: Apache-2.0
// Descriptors: closing, at once or in bulk, and the working directory as a descriptor.
#include "estiva/base/fd.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <span>

namespace estiva {

namespace {

// Few enough for any limit of descriptors that a caller may have.
constexpr size_t kMostWaiting = 128;
std::array<int, kMostWaiting> waiting;
size_t waiting_count = 0;

// Before Linux 5.9 each is closed by itself.
void close_run(int first, int last) {
  if (first < last && ::syscall(SYS_close_range, first, last, 0) == 0) return;
  for (int number = first; number <= last; ++number) ::close(number);
}

}  // namespace

void Fd::reset() {
  if (number_ < 0) return;
  const int number = std::exchange(number_, -1);
  if (closing_ == Closing::kNow) {
    ::close(number);
    return;
  }
  if (waiting_count == kMostWaiting) close_waiting();
  waiting[waiting_count++] = number;
}

void Fd::close_waiting() {
  const std::span<int> numbers(waiting.data(), std::exchange(waiting_count, 0));
  std::ranges::sort(numbers);
  for (size_t first = 0, end = 0; first < numbers.size(); first = end) {
    for (end = first + 1; end < numbers.size() && numbers[end] == numbers[end - 1] + 1;) ++end;
    close_run(numbers[first], numbers[end - 1]);
  }
}

void Fd::forget_waiting(unsigned first, unsigned last) {
  const auto closed = [&](int number) { return static_cast<unsigned>(number) - first <= last - first; };
  waiting_count = static_cast<size_t>(
      std::remove_if(waiting.begin(), waiting.begin() + waiting_count, closed) - waiting.begin());
}

FdView FdView::cwd() { return FdView(AT_FDCWD); }

}  // namespace estiva
