// SPDX-License-Identifier: Apache-2.0
// Random profiles, our filter and libseccomp's, call by call: no call may be answered differently,
// but where libseccomp's program is not what its own rules say (Oracle::confused).
// ESTIVA_FULL=1 simulates ten million calls, and other ones each time: SECCOMP_SEED=N repeats those of a seed.
#include <gtest/gtest.h>
#include <stdlib.h>
#include <time.h>

#include "estiva/base/codec.h"
#include "runtime/parent/libseccomp.h"
#include "runtime/parent/seccomp.h"
#include "runtime/plan/seccomp_filter.h"
#include "seccomp/default_profiles.h"
#include "seccomp/oracle.h"
#include "seccomp/random_profile.h"
#include "spec/rows.h"

namespace estiva {

namespace {

#ifdef __SANITIZE_ADDRESS__
constexpr bool kSlow = true;
#else
constexpr bool kSlow = false;
#endif

bool full() { return !kSlow && ::getenv("ESTIVA_FULL") != nullptr; }

uint64_t seed() {
  const char* given = ::getenv("SECCOMP_SEED");
  if (given != nullptr) return ::strtoull(given, nullptr, 10);
  return full() ? static_cast<uint64_t>(::time(nullptr)) : 1;
}

std::string describe(const struct seccomp_data& call) {
  char text[256];
  snprintf(text, sizeof text, "arch %#x nr %#x args %#llx %#llx %#llx %#llx %#llx %#llx", call.arch,
           static_cast<unsigned>(call.nr), call.args[0], call.args[1], call.args[2], call.args[3],
           call.args[4], call.args[5]);
  return text;
}

struct Counts {
  unsigned long long profiles = 0, ours = 0, refused = 0, endless = 0, calls = 0, calls_of_ours = 0,
                     confused = 0;
};

constexpr uint64_t kCallsPerProfile = 1000;

bool equal(const std::vector<sock_filter>& a, const std::vector<sock_filter>& b) {
  return a.size() == b.size() && memcmp(a.data(), b.data(), a.size() * sizeof(sock_filter)) == 0;
}

// False on the first difference.
bool compare(Choices& choices, Counts& counts) {
  const spec::Seccomp profile = random_profile(choices);
  ++counts.profiles;
  const auto program = compile_seccomp(profile);
  if (!program.ok() && program.error().code() == Code::kUnsupported) return ++counts.endless, true;
  const Oracle oracle(profile);
  EXPECT_EQ(program.ok(), oracle.status() == 0) << codec::encode(profile) << strerror(-oracle.status());
  if (program.ok() != (oracle.status() == 0)) return false;
  if (!program.ok()) return ++counts.refused, true;
  const auto own = seccomp::compile_filter(resolve_seccomp(profile).value());
  EXPECT_TRUE(!own || equal(*own, program.value()));
  counts.ours += own.has_value();
  const RandomCalls calls(profile, oracle.architectures());
  for (uint64_t i = 0; i < kCallsPerProfile; ++i) {
    const struct seccomp_data call = calls.next(choices);
    const auto answer = simulate(program.value(), call);
    if (answer == oracle.answer(call)) continue;
    if (own && oracle.confused(call)) {
      ++counts.confused;
      continue;
    }
    ADD_FAILURE() << describe(call) << ": " << std::hex << answer.value_or(0xbad) << ", libseccomp says "
                  << oracle.answer(call) << (own ? " (ours) " : " (its own) ") << codec::encode(profile);
    return false;
  }
  counts.calls += kCallsPerProfile;
  if (own) counts.calls_of_ours += kCallsPerProfile;
  return true;
}

// Every number that there is or could be, with arguments that the rules look at.
void compare_all_numbers(const spec::Seccomp& profile, size_t most_instructions) {
  const auto program = seccomp::compile_filter(resolve_seccomp(profile).value());
  ASSERT_TRUE(program.has_value()) << "only libseccomp knows";
  EXPECT_LE(program->size(), most_instructions);
  const Oracle oracle(profile);
  ASSERT_EQ(oracle.status(), 0);
  constexpr uint64_t kValues[] = {0,       1,       2,          8,          9,           16,   40,
                                  0x20000, 0x20008, 0x7e020000, 0xffffffff, 0x100000008, ~0ull};
  for (const uint32_t arch :
       std::initializer_list<uint32_t>{AUDIT_ARCH_X86_64, AUDIT_ARCH_I386, AUDIT_ARCH_AARCH64}) {
    for (const uint32_t bits : {0u, 0x40000000u, 0x80000000u, 0xfffffc00u}) {
      for (uint32_t number = 0; number < 1024; ++number) {
        struct seccomp_data call = {static_cast<int>(bits + number), arch, 0, {}};
        for (const uint64_t first : kValues) {
          for (const uint64_t third : {0ull, 9ull, 0x100000009ull}) {
            call.args[0] = first;
            call.args[2] = third;
            ASSERT_EQ(simulate(*program, call), oracle.answer(call)) << describe(call);
          }
        }
      }
    }
  }
}

struct Expected {
  std::initializer_list<uint64_t> arguments;
  uint32_t answer;
};

// Our filter does what the profile says. libseccomp's does too, or in the way that we know of does not.
void expect_answers(const spec::Seccomp& profile, uint32_t arch, int number,
                    std::initializer_list<Expected> all) {
  const auto program = seccomp::compile_filter(resolve_seccomp(profile).value());
  ASSERT_TRUE(program.has_value());
  const Oracle oracle(profile);
  ASSERT_EQ(oracle.status(), 0);
  for (const Expected& expected : all) {
    struct seccomp_data call = {number, arch, 0, {}};
    std::copy(expected.arguments.begin(), expected.arguments.end(), call.args);
    EXPECT_EQ(simulate(*program, call), expected.answer) << describe(call);
    EXPECT_TRUE(oracle.answer(call) == expected.answer || oracle.confused(call)) << describe(call);
  }
}

}  // namespace

TEST(SeccompDifferential, RandomProfilesMeanWhatLibseccompMakesOfThem) {
  const uint64_t first = seed(), wanted = full() ? 10'000'000 : 100'000;
  Choices choices(first);
  Counts counts;
  int failures = 0;
  while (counts.calls_of_ours < wanted && failures < 20) failures += !compare(choices, counts);
  printf(
      "seed %llu: %llu calls, %llu of them of our own filters; %llu profiles, of them %llu by us, %llu "
      "refused, %llu without end; %llu answers of libseccomp not by its rules\n",
      static_cast<unsigned long long>(first), counts.calls, counts.calls_of_ours, counts.profiles,
      counts.ours, counts.refused, counts.endless, counts.confused);
  EXPECT_GT(counts.ours, counts.profiles / 2);
  EXPECT_LE(counts.confused, counts.calls / 1000) << "the excuse hides too much";
}

// libseccomp 2.5.4 makes one comparison of `first argument == 2` for both calls. read comes to it with the fourth argument
// loaded, and libseccomp allows read(5, 0, 0, 2).
TEST(SeccompDifferential, RulesOfOneCallDoNotChangeThoseOfAnother) {
  spec::Seccomp profile;
  profile.default_action = spec::SeccompAction::kTrap;
  profile.architectures = {spec::SeccompArch::kX86_64};
  using Operator = spec::SeccompOperator;
  constexpr spec::SeccompAction kAllow = spec::SeccompAction::kAllow;
  profile.syscalls = {{{"read"}, kAllow, {}, {{0, 5, {}, Operator::kEq}, {3, 7, {}, Operator::kEq}}},
                      {{"read"}, kAllow, {}, {{0, 2, {}, Operator::kEq}}}};
  for (const uint64_t value : {3, 2, 8, 9, 10, 11, 12})
    profile.syscalls.push_back({{"write"}, kAllow, {}, {{0, value, {}, Operator::kEq}}});
  expect_answers(profile, AUDIT_ARCH_X86_64, 0,
                 {{{5, 0, 0, 7}, SECCOMP_RET_ALLOW},
                  {{2, 0, 0, 0}, SECCOMP_RET_ALLOW},
                  {{5, 0, 0, 2}, SECCOMP_RET_TRAP},
                  {{5, 0, 0, 0x200000000}, SECCOMP_RET_TRAP},
                  {{5, 0, 0, 0}, SECCOMP_RET_TRAP}});
}

// The same with `first argument <= 0`, which is what 32 bits leave of the value (SECCOMP_SEED=1795544429): to libseccomp
// 2.5.4 the fourth argument of socketcall(SYS_SOCKET) is its first.
TEST(SeccompDifferential, RulesOfShmatDoNotChangeThoseOfSocketcall) {
  spec::Seccomp profile;
  profile.default_action = spec::SeccompAction::kTrap;
  profile.architectures = {spec::SeccompArch::kX86};
  using Operator = spec::SeccompOperator;
  constexpr spec::SeccompAction kErrno = spec::SeccompAction::kErrno;
  profile.syscalls = {
      {{"socketcall", "shmat"}, kErrno, {}, {{0, 0x100000000, {}, Operator::kLe}}},
      {{"shmat"}, kErrno, {}, {{0, 3, {}, Operator::kEq}}},
      {{"socket"}, spec::SeccompAction::kAllow, {}, {{3, 2, {}, Operator::kEq}}},
  };
  expect_answers(profile, AUDIT_ARCH_I386, 102,
                 {{{0, 2, 1, 0}, SECCOMP_RET_ERRNO | EPERM},
                  {{1, 2, 1, 2}, SECCOMP_RET_ALLOW},
                  {{1, 2, 1, 1}, SECCOMP_RET_TRAP},
                  {{1, 2, 1, 0}, SECCOMP_RET_TRAP},
                  {{0x2c8d000000000001, 2, 1, 0, 0x100020000, 3}, SECCOMP_RET_TRAP}});
}

TEST(SeccompDifferential, ComparisonsOfMixedWordsAreFound) {
  const std::vector<sock_filter> program = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 2),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 16),       BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 5, 2, 1),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 16),       BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 6, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
  };
  const auto same = mark_mixed_comparisons(program);
  EXPECT_TRUE(equal(same, program)) << "the same word on both paths";
  std::vector<sock_filter> mixed = program;
  mixed[4] = BPF_STMT(BPF_JMP | BPF_JA, 0);
  const auto marked = mark_mixed_comparisons(mixed);
  ASSERT_EQ(marked.size(), mixed.size());
  EXPECT_EQ(marked[5].code, BPF_RET | BPF_K);
  EXPECT_EQ(marked[5].k, kMixed);
  mixed[5] = marked[5];
  EXPECT_TRUE(equal(marked, mixed)) << "only that one";
}

TEST(SeccompDifferential, DockersDefaultProfile) { compare_all_numbers(docker_profile(), 370); }

TEST(SeccompDifferential, PodmansDefaultProfile) { compare_all_numbers(podman_profile(), 370); }

}  // namespace estiva
