// SPDX-License-Identifier: Apache-2.0
// Names of signals, and options that the shim needs as numbers.
#pragma once

#include <cstdint>
#include <string>

#include "engine/container/record.h"
#include "estiva/base/error.h"

namespace estiva::engine {

// "TERM", "SIGTERM", "15".
Result<int> signal_number(const std::string& text);

struct LogLimits {
  uint64_t max_size = 0;  // bytes
  unsigned max_files = 1;
};
// max-size, max-file of --log-opt.
Result<LogLimits> log_limits(const ContainerOptions& options);

}  // namespace estiva::engine
