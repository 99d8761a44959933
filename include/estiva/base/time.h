// SPDX-License-Identifier: Apache-2.0
// Points in time: now, and as text.
#pragma once

#include <stdint.h>

#include <string>

namespace estiva {

// Seconds since the epoch as "2026-01-31T23:59:59", in UTC and without its letter (RFC 3339). The C library's way
// reads /etc/localtime first, even for UTC.
std::string utc_time(int64_t seconds);

// Seconds since the epoch, now.
int64_t epoch_seconds();
int64_t epoch_ns();
// Milliseconds of a clock that nobody sets.
int64_t monotonic_ms();

}  // namespace estiva
