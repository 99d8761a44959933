// SPDX-License-Identifier: Apache-2.0
// Seccomp profiles: rules with conditions (capabilities, architecture, kernel) as docker writes them, or the `seccomp`
// object of an OCI configuration. What holds for one container is chosen here; the OCI runtime gets plain rules.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/container/record.h"
#include "estiva/spec/seccomp.h"

namespace estiva::engine {

// contrib/seccomp/default.json, which the Makefile builds in.
extern const std::string_view kDefaultSeccomp;

// Values of --security-opt seccomp that are no files: no filter, and the default.
inline constexpr std::string_view kSeccompUnconfined = "unconfined", kSeccompBuiltin = "builtin";

struct KernelVersion {
  uint32_t major = 0, minor = 0;
  auto operator<=>(const KernelVersion&) const = default;
};
std::optional<KernelVersion> parse_kernel(std::string_view release);

struct SeccompMachine {
  std::string_view name;  // in the words of docker's profiles: "amd64"
  std::optional<spec::SeccompArch> arch;
};

// What conditions are about.
struct SeccompSituation {
  Strings capabilities;  // that the container may ever have, with CAP_
  SeccompMachine machine;
  KernelVersion kernel;
};
SeccompSituation situation_here(Strings capabilities);

// The rules of a profile whose conditions hold. Errors name the place in the profile (JSON pointer).
Result<spec::Seccomp> choose_seccomp(std::string_view profile, const SeccompSituation& situation);

// --security-opt seccomp=FILE becomes seccomp={...}, so that the record does not hang on a file that may change.
// Refuses what is no profile, with the file's name.
Result<void> read_seccomp_files(Strings& security_opt);

}  // namespace estiva::engine
