// SPDX-License-Identifier: Apache-2.0
// The kernel's names as tables, each name once: namespaces, capabilities, resource limits, mount options, signals.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "estiva/spec/linux.h"

namespace estiva::names {

uint64_t clone_flag(spec::NamespaceType type);

// Number of a capability, "CAP_CHOWN"; nothing for a name that libcap does not know.
std::optional<int> capability(std::string_view name);
std::string capability_name(int number);
// How many the running kernel has.
int capability_count();

std::optional<int> rlimit(std::string_view name);

// "9", "KILL", "SIGKILL", "SIGRTMIN+3"; nothing if it is no signal of this kernel.
std::optional<int> signal(std::string_view name);
// The names of the standard signals, without SIG.
std::vector<std::string> signal_names();

// How one word of a mount's options changes it.
struct MountOption {
  std::string_view name;
  enum class Kind {
    kAttribute,
    kRecursiveAttribute,
    kSuperblock,
    kPropagation,
    kBind,
    kRemount,
    kIdMap,
    kCopyUp,
    kNothing
  } kind;
  uint64_t set = 0;  // MOUNT_ATTR_* or MS_*
  uint64_t clear = 0;
};
const MountOption* mount_option(std::string_view word);
std::span<const MountOption> mount_options();

// rootfsPropagation: MS_* with MS_REC.
std::optional<unsigned long> propagation(std::string_view name);

}  // namespace estiva::names
