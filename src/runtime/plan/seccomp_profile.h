// SPDX-License-Identifier: Apache-2.0
// A seccomp profile with numbers in place of names: what the compiler of filters reads (plan/seccomp_filter.h).
// Plain data and what is known of it without asking a library; parent/libseccomp fills in the numbers.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "estiva/spec/seccomp.h"

namespace estiva::seccomp {

inline constexpr uint32_t kX32Bit = 0x40000000;  // of a system call's number (asm/unistd.h)

// One comparison of an argument. kMaskedEq holds when both have equal bits where the mask has ones.
struct Comparison {
  uint8_t argument = 0;  // 0 to 5
  spec::SeccompOperator op = spec::SeccompOperator::kEq;
  uint64_t value = 0;
  uint64_t mask = ~uint64_t{0};  // of kMaskedEq
  bool operator==(const Comparison&) const = default;
};

struct Rule {
  uint32_t action = 0;                  // SECCOMP_RET_* with its data
  std::vector<Comparison> comparisons;  // of different arguments, in their order; all must hold
  bool operator==(const Rule&) const = default;
};

inline constexpr uint32_t kNoCall =
    0x80000000;  // from here on: libseccomp's numbers of calls that the ABI lacks

struct Entry {
  uint32_t number;  // of the system call
  uint32_t rule;    // index into Profile::rules
};

// One way into the kernel: a set of system call numbers and the width of its arguments.
struct Abi {
  uint32_t machine = 0;  // AUDIT_ARCH_*, as seccomp_data.arch has it
  bool wide = true;      // 64 bits of an argument count, else 32
  bool x32 = false;      // shares its machine with x86-64; the bit kX32Bit of the number tells them apart
  std::vector<Entry> entries;      // in the order of the configuration
  std::optional<uint32_t> newest;  // the highest number that the profile names; above it is ENOSYS
};

struct Profile {
  uint32_t default_action = 0;
  std::vector<Rule> rules;
  std::vector<Abi> abis;  // the host's own first
};

// SECCOMP_RET_* of an action; EPERM where the configuration gives no number.
uint32_t action_value(spec::SeccompAction action, const std::optional<uint32_t>& errno_ret);

// The comparisons of one entry of the configuration. Those of different arguments must all hold. Several of one argument
// can't be said in one rule: each becomes a rule of its own, any of which is enough (so do runc and crun).
std::vector<Rule> rules_of(const spec::SeccompSyscall& call, uint32_t action);

// Adds a rule for a call, by the number that libseccomp gives it. Negative: a call that the ABI does not have, or on
// i386 one that came by socketcall(2) or ipc(2) before it got a number of its own: then it is filtered in both places.
// Rules for calls that the ABI lacks are kept, for they may contradict each other.
void add_call(Profile& profile, Abi& abi, int number, uint32_t rule);

// Beyond the newest call that a profile names, programs are told ENOSYS, which makes them fall back, and not EPERM: what
// is newer than the profile was never judged. Not where the default lets such calls through to the kernel. Of an ABI
// that the profile lists; call it for every name, with a rule or without.
void note_newest(Abi& abi, int number);
bool wants_enosys(uint32_t default_action);

}  // namespace estiva::seccomp
