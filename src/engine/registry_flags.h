// SPDX-License-Identifier: Apache-2.0
// What all commands that ask a registry understand: how often, how long, how many at once.
#pragma once

#include <memory>
#include <string>

#include "estiva/base/options.h"
#include "image/registry/client.h"

namespace estiva::engine {

// The first base of a command's own options.
struct RegistryFlags {
  unsigned retries = 5;
  std::string retry_delay = "1s";
  std::string timeout = "60s";
};

namespace registry_rows {
using F = RegistryFlags;
inline constexpr Option kRetry =
    options::row<&F::retries>(0, "retry", "N", "try again N times after a failure; 5 if not given");
inline constexpr Option kRetryDelay = options::row<&F::retry_delay>(
    0, "retry-delay", "TIME", "wait TIME before the first retry, then longer each time; 1s if not given");
inline constexpr Option kTimeout = options::row<&F::timeout>(
    0, "timeout", "TIME", "give up when nothing arrives for TIME; 60s if not given");
}  // namespace registry_rows

Result<std::unique_ptr<image::Client>> make_client(const RegistryFlags& flags);

// The operand REGISTRY, docker.io if there is none. As people paste it: https://index.docker.io/v1/ is docker.io.
Result<std::string> registry_host(const std::vector<std::string>& operands);

// "500ms", "2s", "5m"; seconds without a unit. Milliseconds.
Result<int64_t> parse_duration(std::string_view text);

}  // namespace estiva::engine
