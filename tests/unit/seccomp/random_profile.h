// SPDX-License-Identifier: Apache-2.0
// Random seccomp profiles, and calls that come near to what a profile says. Few names, values and actions, so that
// rules meet.
#pragma once

#include <linux/audit.h>
#include <seccomp.h>

#include <string>
#include <vector>

#include "estiva/spec/seccomp.h"
#include "seccomp/choices.h"

namespace estiva {

// x86-64, x32, i386 and aarch64 mostly; the last ones libseccomp has to do alone or refuses.
inline std::vector<spec::SeccompArch> random_architectures(Choices& choices) {
  using Arch = spec::SeccompArch;
  constexpr Arch kUsual[] = {Arch::kX86_64, Arch::kX86, Arch::kX32, Arch::kAarch64};
  constexpr Arch kOthers[] = {Arch::kArm,         Arch::kRiscv64, Arch::kMipsel64,
                              Arch::kMipsel64n32, Arch::kPpc64le, Arch::kMipsel};
  std::vector<Arch> result;
  if (choices.one_in(8)) return result;
  if (choices.one_in(3)) return {Arch::kX86_64, Arch::kX86, Arch::kX32};
  for (uint64_t i = choices.below(5); i > 0; --i) result.push_back(choices.of(kUsual));
  if (choices.one_in(8)) result.push_back(choices.of(kOthers));
  return result;
}

inline uint64_t random_value(Choices& choices) {
  constexpr uint64_t kValues[] = {0,           1,           2,           3,
                                  5,           9,           16,          0x20000,
                                  0x7fffffff,  0x80000000,  0xffffffff,  0x100000000,
                                  0x100000001, 0x100000005, 0x500000005, 0xffffffff00000000,
                                  ~uint64_t{0}};
  return choices.one_in(12) ? choices.next() * 0x9e3779b97f4a7c15 : choices.of(kValues);
}

inline spec::SeccompArg random_arg(Choices& choices) {
  spec::SeccompArg arg;
  arg.index = static_cast<uint32_t>(choices.one_in(5) ? choices.below(6) : choices.below(3));
  arg.op = static_cast<spec::SeccompOperator>(choices.below(7));
  if (choices.one_in(2)) arg.op = spec::SeccompOperator::kEq;
  arg.value = random_value(choices);
  if (choices.one_in(2)) arg.value_two = random_value(choices);
  return arg;
}

inline std::string random_name(Choices& choices) {
  // Single, multiplexed on i386 by socketcall(2) and ipc(2), unknown to some, new, unknown to all.
  static const char* const kNames[] = {
      "read",         "write",      "open",         "personality",
      "clone",        "ioctl",      "socket",       "socketcall",
      "bind",         "accept",     "accept4",      "recvmmsg",
      "sendmmsg",     "send",       "semop",        "semtimedop",
      "ipc",          "shmat",      "msgctl",       "futex",
      "futex_time64", "openat2",    "clone3",       "umount",
      "umount2",      "execve",     "ptrace",       "arch_prctl",
      "set_tls",      "breakpoint", "faccessat2",   "restart_syscall",
      "exit",         "time",       "_llseek",      "llseek",
      "no_such_call", "preadv2",    "rt_sigaction", "futex_waitv",
  };
  return choices.of(kNames);
}

inline spec::SeccompSyscall random_rule(Choices& choices, uint64_t names) {
  constexpr spec::SeccompAction kActions[] = {spec::SeccompAction::kAllow, spec::SeccompAction::kAllow,
                                              spec::SeccompAction::kErrno, spec::SeccompAction::kErrno,
                                              spec::SeccompAction::kKill,  spec::SeccompAction::kKillProcess,
                                              spec::SeccompAction::kTrap,  spec::SeccompAction::kTrace,
                                              spec::SeccompAction::kLog,   spec::SeccompAction::kNotify};
  spec::SeccompSyscall rule;
  for (uint64_t i = 0; i < names; ++i) rule.names.push_back(random_name(choices));
  rule.action = choices.of(kActions);
  const bool takes_errno =
      rule.action == spec::SeccompAction::kErrno || rule.action == spec::SeccompAction::kTrace;
  if (takes_errno && choices.one_in(2)) rule.errno_ret = static_cast<uint32_t>(choices.below(3) * 19);
  if (choices.one_in(3)) return rule;
  for (uint64_t i = 1 + choices.below(2) * choices.below(3); i > 0; --i)
    rule.args.push_back(random_arg(choices));
  return rule;
}

// Several rules for one name, made of few comparisons: here order and overlap matter most.
inline void add_knot(Choices& choices, spec::Seccomp& profile) {
  const std::string name = random_name(choices);
  const spec::SeccompArg args[] = {random_arg(choices), random_arg(choices), random_arg(choices),
                                   random_arg(choices)};
  const spec::SeccompSyscall first = random_rule(choices, 0), second = random_rule(choices, 0);
  for (uint64_t i = 2 + choices.below(4); i > 0; --i) {
    spec::SeccompSyscall rule = choices.one_in(3) ? second : first;
    rule.names = {name};
    rule.args.clear();
    for (uint64_t j = choices.one_in(9) ? 0 : 1 + choices.below(3); j > 0; --j) {
      rule.args.push_back(choices.of(args));
      if (choices.one_in(4)) rule.args.back().op = static_cast<spec::SeccompOperator>(choices.below(7));
      if (choices.one_in(4)) rule.args.back().value = random_value(choices);
    }
    profile.syscalls.push_back(rule);
  }
}

inline spec::Seccomp random_profile(Choices& choices) {
  constexpr spec::SeccompAction kDefaults[] = {
      spec::SeccompAction::kErrno, spec::SeccompAction::kErrno,      spec::SeccompAction::kAllow,
      spec::SeccompAction::kKill,  spec::SeccompAction::kTrap,       spec::SeccompAction::kTrace,
      spec::SeccompAction::kLog,   spec::SeccompAction::kKillProcess};
  spec::Seccomp profile;
  profile.default_action = choices.of(kDefaults);
  if (profile.default_action == spec::SeccompAction::kErrno && choices.one_in(2))
    profile.default_errno_ret = choices.one_in(2) ? 38 : 1;
  profile.architectures = random_architectures(choices);
  for (uint64_t i = choices.below(7); i > 0; --i)
    profile.syscalls.push_back(random_rule(choices, 1 + choices.below(4) * choices.below(3)));
  if (choices.one_in(2)) add_knot(choices, profile);
  return profile;
}

// ---- calls

inline uint64_t random_argument(Choices& choices, const std::vector<uint64_t>& values) {
  if (values.empty() || choices.one_in(4)) return random_value(choices);
  const uint64_t value = choices.of(values);
  switch (choices.below(8)) {
    case 0:
      return value + 1;
    case 1:
      return value - 1;
    case 2:
      return value ^ 0x100000000;
    case 3:
      return value | choices.next() << 48;
    case 4:
      return static_cast<uint32_t>(value);
    default:
      return value;
  }
}

// Near what the profile names.
class RandomCalls {
 public:
  RandomCalls(const spec::Seccomp& profile, const std::vector<uint32_t>& architectures)
      : architectures_(architectures) {
    for (const spec::SeccompSyscall& call : profile.syscalls) {
      for (const std::string& name : call.names) names_.push_back(name);
      for (const spec::SeccompArg& arg : call.args) {
        values_.push_back(arg.value);
        if (arg.value_two) values_.push_back(*arg.value_two);
      }
    }
  }

  struct seccomp_data next(Choices& choices) const {
    constexpr uint32_t kMachines[] = {AUDIT_ARCH_X86_64,
                                      AUDIT_ARCH_I386,
                                      AUDIT_ARCH_AARCH64,
                                      AUDIT_ARCH_ARM,
                                      AUDIT_ARCH_RISCV64,
                                      0,
                                      0x1234};
    const uint32_t architecture = choices.one_in(8) ? choices.of(kMachines) : choices.of(architectures_);
    struct seccomp_data call = {};
    call.arch = architecture == SCMP_ARCH_X32 ? AUDIT_ARCH_X86_64 : architecture;
    call.nr = number(choices, architecture);
    call.instruction_pointer = choices.next();
    for (auto& argument : call.args) argument = random_argument(choices, values_);
    return call;
  }

 private:
  int number(Choices& choices, uint32_t architecture) const {
    constexpr uint32_t kEdges[] = {0,          0x3fffffff, 0x40000000, 0x40000001, 0x7fffffff, 0x80000000,
                                   0xbfffffff, 0xc0000000, 0xfffffffe, 0xffffffff, 102,        117};
    constexpr uint32_t kBits[] = {0, 0x40000000, 0x80000000, 0xc0000000};
    switch (choices.below(8)) {
      case 0:
        return static_cast<int>(choices.of(kEdges));
      case 1:
        return static_cast<int>(choices.below(600) | choices.of(kBits));
      default:
        break;
    }
    if (names_.empty()) return static_cast<int>(choices.below(600));
    int number = seccomp_syscall_resolve_name_arch(architecture, choices.of(names_).c_str());
    if (number <= -200) number = 117;
    if (number < 0) number = 102;
    return choices.one_in(6) ? number + static_cast<int>(choices.below(3)) - 1 : number;
  }

  std::vector<uint32_t> architectures_;
  std::vector<std::string> names_;
  std::vector<uint64_t> values_;
};

}  // namespace estiva
