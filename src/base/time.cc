// SPDX-License-Identifier: Apache-2.0
// Points in time.
#include "estiva/base/time.h"

#include <time.h>

#include <chrono>

#include "estiva/base/text.h"

namespace estiva {

namespace {

std::string two_digits(long value) { return text::cat(value < 10 ? "0" : "", value); }

}  // namespace

std::string utc_time(int64_t seconds) {
  using namespace std::chrono;
  const sys_seconds time{std::chrono::seconds(seconds)};
  const sys_days day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(time - day);
  return text::cat(static_cast<int>(date.year()), "-", two_digits(static_cast<unsigned>(date.month())), "-",
                   two_digits(static_cast<unsigned>(date.day())), "T", two_digits(clock.hours().count()), ":",
                   two_digits(clock.minutes().count()), ":", two_digits(clock.seconds().count()));
}

int64_t epoch_seconds() { return ::time(nullptr); }

int64_t epoch_ns() {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

int64_t monotonic_ms() {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1000000;
}

}  // namespace estiva
