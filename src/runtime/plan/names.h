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
// Its file in /proc/PID/ns.
const char* proc_file(spec::NamespaceType type);

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
    kSourceLink,
    kTargetLink,
    kCopyLink,
    kNothing
  } kind;
  uint64_t set = 0;  // MOUNT_ATTR_* or MS_*
  uint64_t clear = 0;
};
const MountOption* mount_option(std::string_view word);
std::span<const MountOption> mount_options();

// rootfsPropagation: MS_* with MS_REC.
std::optional<unsigned long> propagation(std::string_view name);

// A word of the configuration and the kernel's number for it.
struct Value {
  std::string_view name;
  unsigned number;
};
std::optional<unsigned> find(std::span<const Value> table, std::string_view name);
std::vector<std::string_view> all(std::span<const Value> table);

// sched_setattr(2)
enum : unsigned { kSchedOther, kSchedFifo, kSchedRr, kSchedBatch, kSchedIso, kSchedIdle, kSchedDeadline };
enum : unsigned { kSchedKeepPolicy = 0x08, kSchedKeepParams = 0x10 };
std::span<const Value> scheduler_policies();
std::span<const Value> scheduler_flags();
// ioprio_set(2)
std::span<const Value> io_classes();
// set_mempolicy(2): a mode, and the flags that are added to it.
enum : unsigned { kMemoryDefault, kMemoryPreferred, kMemoryBind, kMemoryLocal = 4, kMemoryPreferredMany };
enum : unsigned { kMemoryBalancing = 1 << 13, kMemoryRelative = 1 << 14, kMemoryStatic = 1 << 15 };
std::span<const Value> memory_modes();
std::span<const Value> memory_flags();

}  // namespace estiva::names
