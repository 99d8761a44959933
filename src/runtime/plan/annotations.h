// SPDX-License-Identifier: Apache-2.0
// The annotations that runtimes have agreed on beside the specification, each once: what they do here, and whether an
// engine should let its users set them (features.md, "Unsafe annotations").
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "estiva/base/error.h"
#include "estiva/spec/spec.h"

namespace estiva::annotations {

enum class Effect {
  kHonoured,
  kLater,    // of what is not there yet (checkpoint, the systemd driver); without that it has no effect
  kRefused,  // asks for what this runtime does not do
};

struct Annotation {
  std::string_view name;  // with a dot or slash at its end: of all that begin so
  Effect effect;
  std::string_view says;  // the reason of a refusal
  bool is_path = false;   // its value is an absolute path
};

std::span<const Annotation> all();
// As features.md has it: with a dot at its end, of all that begin so.
std::span<const std::string_view> potentially_unsafe();
// The one that `name` is, or begins as.
const Annotation* find(std::string_view name);

inline constexpr std::string_view kKeepGroups = "run.oci.keep_original_groups";
inline constexpr std::string_view kHooksStdout = "run.oci.hooks.stdout";
inline constexpr std::string_view kHooksStderr = "run.oci.hooks.stderr";
inline constexpr std::string_view kDelegateCgroup = "run.oci.delegate-cgroup";
inline constexpr std::string_view kMountContextType = "run.oci.mount_context_type";
inline constexpr std::string_view kPidfdReceiver = "run.oci.pidfd_receiver";
inline constexpr std::string_view kSeccompReceiver = "run.oci.seccomp.receiver";
inline constexpr std::string_view kSeccompProgram = "run.oci.seccomp_bpf_data";
inline constexpr std::string_view kSeccompKnownCalls = "run.oci.seccomp_fail_unknown_syscall";

std::optional<std::string> value(const spec::Spec& spec, std::string_view name);
// "/annotations/NAME"
std::string pointer(std::string_view name);

// Refuses those that ask for what this runtime does not do.
Result<void> check(const spec::Spec& spec);

}  // namespace estiva::annotations
