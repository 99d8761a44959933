// SPDX-License-Identifier: Apache-2.0
// Filters of hand-written profiles, each run by the simulator: what must hold whatever libseccomp says, and what is left
// to libseccomp.
#include "runtime/plan/seccomp_filter.h"

#include <errno.h>
#include <gtest/gtest.h>
#include <linux/audit.h>
#include <linux/seccomp.h>

#include "runtime/plan/seccomp_rules.h"
#include "seccomp/simulator.h"

namespace estiva::seccomp {

namespace {

using Operator = spec::SeccompOperator;

constexpr uint32_t kAllow = SECCOMP_RET_ALLOW, kKill = SECCOMP_RET_KILL_THREAD;
constexpr uint32_t kDenied = SECCOMP_RET_ERRNO | EPERM, kNew = SECCOMP_RET_ERRNO | ENOSYS;
constexpr uint32_t kOther = SECCOMP_RET_ERRNO | EINVAL;

Comparison compare(uint8_t argument, Operator op, uint64_t value, uint64_t mask = ~uint64_t{0}) {
  return {argument, op, value, mask};
}

Abi abi(uint32_t machine, bool wide = true, bool x32 = false) {
  Abi result;
  result.machine = machine;
  result.wide = wide;
  result.x32 = x32;
  return result;
}

// x86-64 alone or with others; number 10 by the rules, in their order.
struct Sample {
  Profile profile;
  std::vector<sock_filter> program() const { return compile_filter(profile).value(); }
};

Sample sample_of(std::vector<Rule> rules, std::vector<Abi> abis = {abi(AUDIT_ARCH_X86_64)},
                 uint32_t otherwise = kDenied) {
  Sample sample;
  sample.profile = {otherwise, std::move(rules), std::move(abis)};
  const uint32_t count = static_cast<uint32_t>(sample.profile.rules.size());
  for (Abi& each : sample.profile.abis) {
    for (uint32_t i = 0; i < count; ++i)
      add_call(sample.profile, each, each.x32 ? 10 | static_cast<int>(kX32Bit) : 10, i);
  }
  return sample;
}

uint32_t answer(const std::vector<sock_filter>& program, uint32_t machine, uint32_t number,
                std::initializer_list<uint64_t> arguments = {}) {
  struct seccomp_data call = {};
  call.arch = machine;
  call.nr = static_cast<int>(number);
  std::copy(arguments.begin(), arguments.end(), call.args);
  return simulate(program, call).value_or(0xbad);
}

uint32_t on_x86_64(const std::vector<sock_filter>& program, uint32_t number,
                   std::initializer_list<uint64_t> arguments = {}) {
  return answer(program, AUDIT_ARCH_X86_64, number, arguments);
}

}  // namespace

TEST(SeccompFilter, NumbersAndMachines) {
  const auto program = sample_of({{kAllow, {}}}).program();
  EXPECT_EQ(on_x86_64(program, 9), kDenied);
  EXPECT_EQ(on_x86_64(program, 10), kAllow);
  EXPECT_EQ(on_x86_64(program, 11), kDenied);
  EXPECT_EQ(on_x86_64(program, 10 | kX32Bit), kKill) << "x32 is another architecture";
  EXPECT_EQ(on_x86_64(program, 0x80000000), kKill);
  EXPECT_EQ(on_x86_64(program, 0xffffffff), kDenied) << "a tracer skips the call";
  EXPECT_EQ(answer(program, AUDIT_ARCH_I386, 10), kKill);
  EXPECT_EQ(answer(program, AUDIT_ARCH_AARCH64, 10), kKill);
}

TEST(SeccompFilter, X32SharesTheMachine) {
  Sample setup = sample_of({{kAllow, {}}}, {abi(AUDIT_ARCH_X86_64), abi(AUDIT_ARCH_X86_64, false, true)});
  add_call(setup.profile, setup.profile.abis[0], 335, 0);
  add_call(setup.profile, setup.profile.abis[1], 520 | static_cast<int>(kX32Bit), 0);
  const auto program = setup.program();
  EXPECT_EQ(on_x86_64(program, 10), kAllow);
  EXPECT_EQ(on_x86_64(program, 10 | kX32Bit), kAllow);
  EXPECT_EQ(on_x86_64(program, 335), kAllow);
  EXPECT_EQ(on_x86_64(program, 335 | kX32Bit), kDenied);
  EXPECT_EQ(on_x86_64(program, 520), kDenied);
  EXPECT_EQ(on_x86_64(program, 520 | kX32Bit), kAllow);
  for (const uint32_t number : {0x8000000au, 0xc000000au, 0xffffffffu})
    EXPECT_EQ(on_x86_64(program, number), kDenied);
}

TEST(SeccompFilter, EveryOperatorOnWholeArguments) {
  constexpr uint64_t kValue = 0x0000000500000007;
  const uint64_t values[] = {0, 7, 8, 0x500000006, kValue, 0x500000008, 0x600000000, ~uint64_t{0}};
  for (const Operator op :
       {Operator::kNe, Operator::kLt, Operator::kLe, Operator::kEq, Operator::kGe, Operator::kGt}) {
    const auto program = sample_of({{kAllow, {compare(2, op, kValue)}}}).program();
    for (const uint64_t value : values) {
      const bool holds = op == Operator::kNe   ? value != kValue
                         : op == Operator::kLt ? value < kValue
                         : op == Operator::kLe ? value <= kValue
                         : op == Operator::kEq ? value == kValue
                         : op == Operator::kGe ? value >= kValue
                                               : value > kValue;
      EXPECT_EQ(on_x86_64(program, 10, {kValue, kValue, value}), holds ? kAllow : kDenied)
          << static_cast<int>(op) << " " << value;
    }
  }
}

TEST(SeccompFilter, MaskedBits) {
  const auto program =
      sample_of({{kAllow, {compare(0, Operator::kMaskedEq, 0x100000002, 0x30000000f)}}}).program();
  EXPECT_EQ(on_x86_64(program, 10, {0x100000002}), kAllow);
  EXPECT_EQ(on_x86_64(program, 10, {0xfffffffdfffffff2}), kAllow);
  EXPECT_EQ(on_x86_64(program, 10, {0x100000003}), kDenied);
  EXPECT_EQ(on_x86_64(program, 10, {0x200000002}), kDenied);
}

TEST(SeccompFilter, NarrowArgumentsHaveThirtyTwoBits) {
  const auto program =
      sample_of({{kAllow, {compare(1, Operator::kEq, 0x900000005)}}}, {abi(AUDIT_ARCH_I386, false)})
          .program();
  EXPECT_EQ(answer(program, AUDIT_ARCH_I386, 10, {0, 5}), kAllow);
  EXPECT_EQ(answer(program, AUDIT_ARCH_I386, 10, {0, 0x100000005}), kAllow);
  EXPECT_EQ(answer(program, AUDIT_ARCH_I386, 10, {0, 6}), kDenied);
}

TEST(SeccompFilter, AllComparisonsOfARuleHoldTogether) {
  const auto program =
      sample_of(
          {{kAllow,
            {compare(0, Operator::kEq, 1), compare(3, Operator::kGt, 5), compare(5, Operator::kNe, 2)}}})
          .program();
  EXPECT_EQ(on_x86_64(program, 10, {1, 0, 0, 6, 0, 1}), kAllow);
  EXPECT_EQ(on_x86_64(program, 10, {2, 0, 0, 6, 0, 1}), kDenied);
  EXPECT_EQ(on_x86_64(program, 10, {1, 0, 0, 5, 0, 1}), kDenied);
  EXPECT_EQ(on_x86_64(program, 10, {1, 0, 0, 6, 0, 2}), kDenied);
}

TEST(SeccompFilter, TheFirstRuleWithoutComparisonsWins) {
  const Rule some = {kOther, {compare(0, Operator::kEq, 1)}};
  EXPECT_EQ(on_x86_64(sample_of({some, {kAllow, {}}, {kNew, {}}}).program(), 10, {1}), kAllow);
  EXPECT_EQ(on_x86_64(sample_of({{kAllow, {}}, some}).program(), 10, {1}), kAllow);
  EXPECT_EQ(on_x86_64(sample_of({some}).program(), 10, {1}), kOther);
  const Rule always = {kOther, {compare(0, Operator::kMaskedEq, 0, 0)}};
  EXPECT_EQ(on_x86_64(sample_of({always, {kAllow, {}}}).program(), 10, {1}), kOther);
}

TEST(SeccompFilter, ManyValuesOfOneArgument) {
  const auto value = [](uint64_t v) { return Rule{kAllow, {compare(0, Operator::kEq, v)}}; };
  const auto program =
      sample_of({value(0), value(8), value(0x20000), value(0x20008), value(0xffffffff)}).program();
  for (const uint64_t v : {0x0u, 0x8u, 0x20000u, 0x20008u, 0xffffffffu}) {
    EXPECT_EQ(on_x86_64(program, 10, {v}), kAllow);
    EXPECT_EQ(on_x86_64(program, 10, {v | 0x100000000}), kDenied);
  }
  EXPECT_EQ(on_x86_64(program, 10, {1}), kDenied);
  EXPECT_LT(program.size(), 20u);
}

// containers-common has these three for socket(2).
TEST(SeccompFilter, RulesThatExcludeEachOther) {
  const auto program = sample_of({{kOther, {compare(0, Operator::kEq, 16), compare(2, Operator::kEq, 9)}},
                                  {kAllow, {compare(2, Operator::kNe, 9)}},
                                  {kAllow, {compare(0, Operator::kNe, 16)}}})
                           .program();
  EXPECT_EQ(on_x86_64(program, 10, {16, 0, 9}), kOther);
  EXPECT_EQ(on_x86_64(program, 10, {16, 0, 0}), kAllow);
  EXPECT_EQ(on_x86_64(program, 10, {2, 0, 9}), kAllow);
}

TEST(SeccompFilter, WhatOnlyLibseccompKnows) {
  const auto can = [](std::vector<Rule> rules) { return can_express(rules); };
  const Rule five = {kAllow, {compare(0, Operator::kEq, 5)}};
  EXPECT_FALSE(can({five, {kOther, {compare(0, Operator::kEq, 5)}}})) << "they contradict each other";
  EXPECT_FALSE(can({five, {kOther, {compare(1, Operator::kEq, 5)}}})) << "both may hold";
  EXPECT_TRUE(can({five, {kOther, {compare(0, Operator::kEq, 6)}}}));
  EXPECT_TRUE(can({five, {kOther, {compare(0, Operator::kNe, 5)}}}));
  EXPECT_TRUE(can({five, {kOther, {compare(0, Operator::kGt, 5)}}}));
  EXPECT_FALSE(can({five, {kOther, {compare(0, Operator::kGe, 5)}}}));
  EXPECT_TRUE(can({five, {kOther, {compare(0, Operator::kMaskedEq, 2, 2)}}}));
  EXPECT_FALSE(can({five, {kOther, {compare(0, Operator::kMaskedEq, 1, 1)}}}));
  EXPECT_FALSE(
      can({{kAllow, {compare(0, Operator::kLt, 9)}}, {kAllow, {compare(0, Operator::kLt, 0x100000009)}}}))
      << "the high word is lost";
  EXPECT_FALSE(can({{kAllow, {compare(0, Operator::kEq, 1), compare(1, Operator::kEq, 2)}},
                    {kAllow, {compare(1, Operator::kEq, 2)}}}))
      << "the second makes the first needless";
  EXPECT_FALSE(can({{kAllow, {compare(0, Operator::kGt, 1), compare(1, Operator::kEq, 2)}},
                    {kAllow, {compare(0, Operator::kGt, 2), compare(1, Operator::kEq, 3)}}}))
      << "their branches meet";
  Sample powerpc = sample_of({five}, {abi(AUDIT_ARCH_PPC64LE)});
  EXPECT_FALSE(compile_filter(powerpc.profile).has_value())
      << "it has multiplexed calls that are not known here";
}

TEST(SeccompFilter, MultiplexedCallsOfI386) {
  Sample setup =
      sample_of({{kAllow, {}}, {kAllow, {compare(0, Operator::kEq, 40), compare(2, Operator::kEq, 7)}}},
                {abi(AUDIT_ARCH_I386, false)});
  Abi& i386 = setup.profile.abis[0];
  add_call(setup.profile, i386, -106, 0);  // getsockname
  add_call(setup.profile, i386, -101, 1);  // socket
  add_call(setup.profile, i386, -105, 0);  // accept has no number of its own
  add_call(setup.profile, i386, -221, 0);  // shmat
  const auto program = setup.program();
  const auto i386_answer = [&](uint32_t number, std::initializer_list<uint64_t> arguments) {
    return answer(program, AUDIT_ARCH_I386, number, arguments);
  };
  EXPECT_EQ(i386_answer(367, {}), kAllow);
  EXPECT_EQ(i386_answer(102, {6}), kAllow);
  EXPECT_EQ(i386_answer(102, {5}), kAllow);
  EXPECT_EQ(i386_answer(102, {4}), kDenied);
  EXPECT_EQ(i386_answer(359, {40, 0, 7}), kAllow);
  EXPECT_EQ(i386_answer(359, {41, 0, 7}), kDenied);
  EXPECT_EQ(i386_answer(102, {1, 0, 7}), kAllow) << "the call's own first argument is not looked at";
  EXPECT_EQ(i386_answer(102, {1, 0, 8}), kDenied);
  EXPECT_EQ(i386_answer(397, {}), kAllow);
  EXPECT_EQ(i386_answer(117, {21}), kAllow);
  EXPECT_EQ(i386_answer(117, {22}), kDenied);
}

TEST(SeccompFilter, NewerThanTheProfile) {
  Sample setup = sample_of({{kAllow, {}}},
                           {abi(AUDIT_ARCH_X86_64), abi(AUDIT_ARCH_I386, false), abi(AUDIT_ARCH_AARCH64)});
  note_newest(setup.profile.abis[0], 20);
  note_newest(setup.profile.abis[0], 12);
  note_newest(setup.profile.abis[1], -101);
  const auto check = [&](const std::vector<sock_filter>& program) {
    EXPECT_EQ(on_x86_64(program, 10), kAllow);
    EXPECT_EQ(on_x86_64(program, 20), kDenied);
    EXPECT_EQ(on_x86_64(program, 21), kNew);
    EXPECT_EQ(on_x86_64(program, 0x3fffffff), kNew);
    EXPECT_EQ(on_x86_64(program, 0x40000000), kKill);
    EXPECT_EQ(on_x86_64(program, 0x80000000), kNew);
    EXPECT_EQ(on_x86_64(program, 0xc0000000), kKill);
    EXPECT_EQ(on_x86_64(program, 0xffffffff), kDenied);
    EXPECT_EQ(answer(program, AUDIT_ARCH_I386, 21), kDenied) << "no call of it is named";
    EXPECT_EQ(answer(program, AUDIT_ARCH_AARCH64, 21), kDenied);
    EXPECT_EQ(answer(program, AUDIT_ARCH_ARM, 21), kKill);
  };
  check(setup.program());
  Sample plain = sample_of({{kAllow, {}}},
                           {abi(AUDIT_ARCH_X86_64), abi(AUDIT_ARCH_I386, false), abi(AUDIT_ARCH_AARCH64)});
  check(with_enosys(setup.profile, plain.program()));
}

TEST(SeccompFilter, NewerThanTheProfileOnX32AndS390) {
  Sample setup = sample_of({{kAllow, {}}}, {abi(AUDIT_ARCH_X86_64), abi(AUDIT_ARCH_X86_64, false, true)});
  note_newest(setup.profile.abis[1], 20 | static_cast<int>(kX32Bit));
  const auto program = setup.program();
  EXPECT_EQ(on_x86_64(program, 21), kDenied);
  EXPECT_EQ(on_x86_64(program, 21 | kX32Bit), kNew);
  EXPECT_EQ(on_x86_64(program, 0x80000015), kDenied);
  EXPECT_EQ(on_x86_64(program, 0xffffffff), kNew) << "has the bit of x32";

  Sample s390 = sample_of({}, {abi(AUDIT_ARCH_S390X)});
  note_newest(s390.profile.abis[0], 20);
  const std::vector<sock_filter> all = {{BPF_RET | BPF_K, 0, 0, kAllow}};
  const auto stub = with_enosys(s390.profile, all);
  EXPECT_EQ(answer(stub, AUDIT_ARCH_S390X, 0), kNew) << "stands for every call that the kernel does not know";
  EXPECT_EQ(answer(stub, AUDIT_ARCH_S390X, 1), kAllow);
  EXPECT_EQ(answer(stub, AUDIT_ARCH_S390X, 21), kNew);
}

TEST(SeccompFilter, WhoseDefaultLetsPassIsToldNothing) {
  EXPECT_TRUE(wants_enosys(kDenied));
  EXPECT_TRUE(wants_enosys(SECCOMP_RET_KILL_PROCESS));
  EXPECT_TRUE(wants_enosys(SECCOMP_RET_TRAP));
  EXPECT_FALSE(wants_enosys(SECCOMP_RET_ALLOW));
  EXPECT_FALSE(wants_enosys(SECCOMP_RET_LOG));
  EXPECT_FALSE(wants_enosys(SECCOMP_RET_TRACE | 5));
}

// Rules of their own for very many calls: jumps reach further than 255 instructions.
TEST(SeccompFilter, LongPrograms) {
  Sample setup = sample_of({}, {abi(AUDIT_ARCH_X86_64), abi(AUDIT_ARCH_I386, false)});
  for (uint32_t i = 0; i < 300; ++i) {
    setup.profile.rules.push_back(
        {SECCOMP_RET_ERRNO | (i + 1), {compare(1, Operator::kEq, i | uint64_t{i} << 32)}});
    for (Abi& each : setup.profile.abis) add_call(setup.profile, each, static_cast<int>(3 * i), i);
  }
  const auto program = setup.program();
  EXPECT_GT(program.size(), 1000u);
  for (uint32_t i = 0; i < 300; ++i) {
    EXPECT_EQ(on_x86_64(program, 3 * i, {0, i | uint64_t{i} << 32}), SECCOMP_RET_ERRNO | (i + 1));
    EXPECT_EQ(on_x86_64(program, 3 * i, {0, i | uint64_t{i + 1} << 32}), kDenied);
    EXPECT_EQ(on_x86_64(program, 3 * i + 1, {0, i}), kDenied);
    EXPECT_EQ(answer(program, AUDIT_ARCH_I386, 3 * i, {0, i}), SECCOMP_RET_ERRNO | (i + 1));
  }
}

TEST(SeccompFilter, OnlyWhatTheKernelCanSeeThrough) {
  const auto program =
      sample_of({{kAllow, {compare(0, Operator::kMaskedEq, 2, 6), compare(1, Operator::kLe, 5)}}},
                {abi(AUDIT_ARCH_X86_64), abi(AUDIT_ARCH_X86_64, false, true), abi(AUDIT_ARCH_I386, false)})
          .program();
  for (const sock_filter& each : program) {
    const int kind = BPF_CLASS(each.code);
    const bool known =
        kind == BPF_LD || kind == BPF_JMP || kind == BPF_RET || each.code == (BPF_ALU | BPF_AND | BPF_K);
    EXPECT_TRUE(known) << std::hex << each.code;
  }
}

TEST(SeccompProfile, ComparisonsOfOneArgumentAreRulesOfTheirOwn) {
  spec::SeccompSyscall call;
  call.args = {{2, 7, {}, Operator::kEq}, {0, 1, {}, Operator::kGt}};
  ASSERT_EQ(rules_of(call, kAllow).size(), 1u);
  EXPECT_EQ(rules_of(call, kAllow)[0].comparisons[0].argument, 0) << "in the order of the arguments";
  call.args.push_back({2, 8, {}, Operator::kEq});
  EXPECT_EQ(rules_of(call, kAllow).size(), 3u);
  call.args = {{1, 0xff, 0x1234, Operator::kMaskedEq}};
  EXPECT_EQ(rules_of(call, kAllow)[0].comparisons[0], compare(1, Operator::kMaskedEq, 0x34, 0xff));
}

}  // namespace estiva::seccomp
