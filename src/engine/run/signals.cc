// SPDX-License-Identifier: Apache-2.0
// Signals by name; the log's limits.
#include "engine/run/signals.h"

#include <signal.h>
#include <string.h>

#include "engine/spec/make_spec.h"
#include "estiva/base/text.h"

namespace estiva::engine {

Result<int> signal_number(const std::string& text) {
  std::string name = text;
  for (char& c : name) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  if (name.starts_with("SIG")) name.erase(0, 3);
  if (const auto number = text::number<int>(name); number && *number > 0 && *number <= SIGRTMAX)
    return *number;
  for (int number = 1; number < SIGRTMIN; ++number) {
    const char* known = ::sigabbrev_np(number);
    if (known != nullptr && name == known) return number;
  }
  return Error(Code::kInvalid, text::cat("Invalid signal: ", text::printable(text)));
}

Result<LogLimits> log_limits(const ContainerOptions& options) {
  LogLimits out;
  for (const std::string& each : options.log_opt) {
    const size_t equals = each.find('=');
    const std::string key = each.substr(0, equals),
                      value = equals == each.npos ? "" : each.substr(equals + 1);
    const auto size = text::bytes(value);
    const auto count = text::number<unsigned>(value);
    if (key == "max-size" && size && *size > 0) {
      out.max_size = static_cast<uint64_t>(*size);
    } else if (key == "max-file" && count && *count > 0) {
      out.max_files = *count;
    } else {
      return bad_option("log-opt", each, "is none of max-size=SIZE, max-file=N");
    }
  }
  return out;
}

}  // namespace estiva::engine
