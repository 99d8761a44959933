// SPDX-License-Identifier: Apache-2.0
// Which process a number meant: numbers are used again, a start time is not before the next boot.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "estiva/base/error.h"

namespace estiva {

// In clock ticks since the boot (field 22 of /proc/PID/stat). A zombie is gone: kNotFound.
Result<uint64_t> process_start_time(pid_t pid);

// Another one after each boot.
Result<std::string> boot_id();

}  // namespace estiva
