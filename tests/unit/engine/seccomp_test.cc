// SPDX-License-Identifier: Apache-2.0
// Profiles: which rules are chosen by capabilities, architecture and kernel; what is refused and where.
#include "engine/spec/seccomp.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "estiva/base/text.h"
#include "estiva/spec/linux.h"

namespace estiva::engine {
namespace {

const SeccompMachine kAmd64{"amd64", spec::SeccompArch::kX86_64};
const SeccompMachine kS390x{"s390x", spec::SeccompArch::kS390x};

SeccompSituation with(Strings capabilities, SeccompMachine machine = kAmd64, KernelVersion kernel = {6, 1}) {
  return {std::move(capabilities), machine, kernel};
}

// The rules for a call, each as its action and comparisons: "SCMP_ACT_ALLOW 0 SCMP_CMP_EQ 1".
Strings rules_for(const spec::Seccomp& seccomp, const std::string& call) {
  Strings out;
  for (const spec::SeccompSyscall& rule : seccomp.syscalls) {
    if (std::ranges::find(rule.names, call) == rule.names.end()) continue;
    std::string text(spec::name(rule.action));
    if (rule.errno_ret) text += text::cat(" ", *rule.errno_ret);
    for (const spec::SeccompArg& arg : rule.args)
      text += text::cat(" ", arg.index, " ", spec::name(arg.op), " ", arg.value);
    out.push_back(std::move(text));
  }
  return out;
}

Strings by_default(const SeccompSituation& situation, const std::string& call) {
  return rules_for(choose_seccomp(kDefaultSeccomp, situation).value(), call);
}

std::string error_of(std::string_view profile) {
  const Result<spec::Seccomp> chosen = choose_seccomp(profile, with({}));
  return chosen.ok() ? "" : chosen.error().to_string();
}

const Strings kAllow = {"SCMP_ACT_ALLOW"}, kNone;

TEST(DefaultSeccomp, DeniesWhatItDoesNotName) {
  const spec::Seccomp seccomp = choose_seccomp(kDefaultSeccomp, with({})).value();
  EXPECT_EQ(seccomp.default_action, spec::SeccompAction::kErrno);
  EXPECT_EQ(seccomp.default_errno_ret, 1u);
  for (const char* call : {"read", "openat2", "execve", "rseq", "futex_waitv", "ptrace"})
    EXPECT_EQ(rules_for(seccomp, call), kAllow) << call;
  for (const char* call : {"mount", "keyctl", "io_uring_setup", "userfaultfd", "chroot", "setns", "no_such"})
    EXPECT_EQ(rules_for(seccomp, call), kNone) << call;
}

TEST(DefaultSeccomp, EachCapabilityOpensItsCalls) {
  const struct {
    const char *capability, *call;
  } cases[] = {
      {"CAP_SYS_ADMIN", "mount"},
      {"CAP_SYS_ADMIN", "bpf"},
      {"CAP_BPF", "bpf"},
      {"CAP_PERFMON", "perf_event_open"},
      {"CAP_SYSLOG", "syslog"},
      {"CAP_DAC_READ_SEARCH", "open_by_handle_at"},
      {"CAP_SYS_CHROOT", "chroot"},
      {"CAP_SYS_PACCT", "acct"},
      {"CAP_SYS_TTY_CONFIG", "vhangup"},
      {"CAP_SYS_RAWIO", "iopl"},
      {"CAP_SYS_MODULE", "finit_module"},
      {"CAP_SYS_BOOT", "kexec_load"},
      {"CAP_SYS_TIME", "clock_settime64"},
      {"CAP_SYS_NICE", "mbind"},
      {"CAP_SYS_PTRACE", "process_vm_readv"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(by_default(with({c.capability}), c.call), kAllow) << c.capability << " " << c.call;
    EXPECT_EQ(by_default(with({"CAP_KILL"}), c.call), kNone) << c.call;
  }
}

TEST(DefaultSeccomp, CloneByFlagsOrCapability) {
  EXPECT_EQ(by_default(with({}), "clone"), Strings{"SCMP_ACT_ALLOW 0 SCMP_CMP_MASKED_EQ 2114060288"});
  EXPECT_EQ(by_default(with({}, kS390x), "clone"), Strings{"SCMP_ACT_ALLOW 1 SCMP_CMP_MASKED_EQ 2114060288"});
  EXPECT_EQ(by_default(with({}), "clone3"), Strings{"SCMP_ACT_ERRNO 38"});
  for (const SeccompMachine machine : {kAmd64, kS390x}) {
    EXPECT_EQ(by_default(with({"CAP_SYS_ADMIN"}, machine), "clone"), kAllow);
    EXPECT_EQ(by_default(with({"CAP_SYS_ADMIN"}, machine), "clone3"), kAllow);
  }
}

TEST(DefaultSeccomp, FamiliesOfSockets) {
  const std::string allow = "SCMP_ACT_ALLOW 0 SCMP_CMP_EQ ";
  EXPECT_EQ(by_default(with({}), "socket"),
            (Strings{allow + "1", allow + "2", allow + "10", allow + "16 2 SCMP_CMP_NE 9",
                     "SCMP_ACT_ERRNO 93 0 SCMP_CMP_EQ 16 2 SCMP_CMP_EQ 9"}));
  EXPECT_EQ(by_default(with({"CAP_AUDIT_WRITE", "CAP_NET_RAW"}), "socket"),
            (Strings{allow + "1", allow + "2", allow + "10", allow + "16", allow + "17", allow + "44"}));
  EXPECT_EQ(by_default(with({"CAP_NET_ADMIN", "CAP_NET_RAW"}), "socket"),
            (Strings{"SCMP_ACT_ALLOW 0 SCMP_CMP_LT 38", allow + "39", "SCMP_ACT_ALLOW 0 SCMP_CMP_GT 40"}));
}

TEST(DefaultSeccomp, ArchitecturesOfTheMachine) {
  using Arch = spec::SeccompArch;
  const auto architectures = [](const SeccompMachine& machine) {
    return choose_seccomp(kDefaultSeccomp, with({}, machine)).value().architectures;
  };
  EXPECT_EQ(architectures(kAmd64), (std::vector{Arch::kX86_64, Arch::kX86, Arch::kX32}));
  EXPECT_EQ(architectures({"arm64", Arch::kAarch64}), (std::vector{Arch::kAarch64, Arch::kArm}));
  EXPECT_TRUE(architectures({"riscv64", Arch::kRiscv64}).empty());  // the runtime takes the host's own
}

TEST(Seccomp, ConditionsOfDockersForm) {
  constexpr std::string_view kProfile = R"({"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [
    {"names": ["new"], "action": "SCMP_ACT_ALLOW", "includes": {"minKernel": "4.8"}},
    {"names": ["old"], "action": "SCMP_ACT_ALLOW", "excludes": {"minKernel": "4.8"}},
    {"names": ["both"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_A", "CAP_B"]}},
    {"names": ["machine"], "action": "SCMP_ACT_ALLOW", "includes": {"arches": ["arm64", "amd64"]}},
    {"name": "single", "action": "SCMP_ACT_ALLOW", "args": null, "comment": "x", "includes": {}}]})";
  const auto allowed = [&](const SeccompSituation& situation) {
    const spec::Seccomp chosen = choose_seccomp(kProfile, situation).value();
    Strings out;
    for (const spec::SeccompSyscall& rule : chosen.syscalls) out.push_back(rule.names.at(0));
    return out;
  };
  EXPECT_EQ(allowed(with({})), (Strings{"new", "machine", "single"}));
  EXPECT_EQ(allowed(with({"CAP_A"}, kS390x, {4, 7})), (Strings{"old", "single"}));
  EXPECT_EQ(allowed(with({"CAP_B", "CAP_A"}, kAmd64, {4, 8})), (Strings{"new", "both", "machine", "single"}));
}

TEST(Seccomp, OciFormStaysAsItIs) {
  const spec::Seccomp seccomp = choose_seccomp(R"({"defaultAction": "SCMP_ACT_ALLOW",
    "architectures": ["SCMP_ARCH_ARM"], "flags": ["SECCOMP_FILTER_FLAG_LOG"], "listenerPath": "/a",
    "syscalls": [{"names": ["a", "b"], "action": "SCMP_ACT_NOTIFY",
                  "args": [{"index": 1, "value": 5, "valueTwo": 4, "op": "SCMP_CMP_MASKED_EQ"}]}]})",
                                               with({}))
                                    .value();
  spec::Seccomp expected;
  expected.default_action = spec::SeccompAction::kAllow;
  expected.architectures = {spec::SeccompArch::kArm};
  expected.flags = Strings{"SECCOMP_FILTER_FLAG_LOG"};
  expected.listener_path = "/a";
  expected.syscalls = {
      {{"a", "b"}, spec::SeccompAction::kNotify, {}, {{1, 5, 4, spec::SeccompOperator::kMaskedEq}}}};
  EXPECT_EQ(seccomp, expected);
}

TEST(Seccomp, RefusalsNameThePlace) {
  const struct {
    const char *profile, *part;
  } cases[] = {
      {"{}", "/defaultAction: is required"},
      {R"({"defaultAction": "ALLOW"})", "/defaultAction"},
      {R"({"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86"],
           "archMap": [{"architecture": "SCMP_ARCH_X86"}]})",
       "/archMap: can't be beside architectures"},
      {R"({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["a"], "name": "b", "action": "SCMP_ACT_KILL"}]})",
       "/syscalls/0: needs either"},
      {R"({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["a"], "action": "SCMP_ACT_ERRNO", "errnoRet": 5000}]})",
       "/syscalls/0/errnoRet: is above 4095"},
      {R"({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["a"], "action": "SCMP_ACT_ERRNO", "excludes": {"minKernel": "4"}}]})",
       "/syscalls/0/excludes/minKernel: \"4\" is not like 4.8"},
  };
  for (const auto& c : cases)
    EXPECT_NE(error_of(c.profile).find(c.part), std::string::npos) << c.part << " in " << error_of(c.profile);
}

TEST(Seccomp, KernelVersions) {
  EXPECT_EQ(parse_kernel("6.12.3-amd64"), (KernelVersion{6, 12}));
  EXPECT_EQ(parse_kernel("4.8"), (KernelVersion{4, 8}));
  for (const char* bad : {"", "6", "a.b", "6.", ".8"}) EXPECT_FALSE(parse_kernel(bad)) << bad;
  EXPECT_LT((KernelVersion{4, 19}), (KernelVersion{5, 4}));
}

}  // namespace
}  // namespace estiva::engine
