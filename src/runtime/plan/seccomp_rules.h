// SPDX-License-Identifier: Apache-2.0
// The rules of one system call: which of them count, and whether their order can be left out of account. Pure.
#pragma once

#include <span>
#include <vector>

#include "runtime/plan/seccomp_profile.h"

namespace estiva::seccomp {

// What is done with a call: the action of the rule that holds, else `otherwise`. If several hold, their actions are equal.
struct Decision {
  uint32_t otherwise = 0;
  std::vector<Rule> rules;
  bool wide = true;  // as Abi::wide; true without rules, so that equal decisions are equal
  bool operator==(const Decision&) const = default;
};

// Whether rules with comparisons, for one call and in the order of the configuration, mean to libseccomp what they say.
// It sorts them into a tree of comparisons; what wins then depends on where branches happen to meet, and some rules are
// lost. Rules whose order matters, or that the tree would join, are left to libseccomp itself.
bool can_express(std::span<const Rule> rules);

// `entries` are those of one number, in the order of the configuration. Nothing where only libseccomp knows.
std::optional<Decision> decide(const Profile& profile, const Abi& abi, std::span<const Entry> entries);

}  // namespace estiva::seccomp
