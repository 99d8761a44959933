// SPDX-License-Identifier: Apache-2.0
// A seccomp profile as ranges of system call numbers, each with one thing to do: the shape that a binary search needs.
// Pure.
#pragma once

#include "runtime/plan/seccomp_rules.h"

namespace estiva::seccomp {

// What to do with the calls of a range.
struct Leaf {
  enum class Kind { kDecision, kByX32, kContinue };
  Kind kind = Kind::kDecision;
  Decision decision;
  uint32_t x86_64 = 0, x32 = 0;  // kByX32: the leaves for the number without kX32Bit and with it
  bool operator==(const Leaf&) const = default;
};

struct Range {
  uint32_t first;  // up to the first of the next range
  uint32_t leaf;   // index into Table::leaves
};
using Ranges = std::vector<Range>;  // sorted, the first begins at 0; neighbours have different leaves

struct Machine {
  uint32_t machine = 0;  // AUDIT_ARCH_*
  Ranges ranges;
  // x86-64 together with x32: `ranges` are for numbers without kX32Bit, from kNoCall on `upper` counts instead.
  bool both_x86 = false;
  Ranges upper;
};

struct Table {
  std::vector<Leaf> leaves;
  std::vector<Machine> machines;
  uint32_t otherwise = 0;  // the leaf of other machines
};

// Nothing where only libseccomp knows (can_express). Other machines' calls are killed, as libseccomp does.
std::optional<Table> make_table(const Profile& profile);

// Only ENOSYS for what is newer than the profile (note_newest); all else goes on to another filter.
Table make_newest_table(const Profile& profile);

}  // namespace estiva::seccomp
