// SPDX-License-Identifier: Apache-2.0
// The seccomp part of the OCI configuration (config-linux.md, "Seccomp") as plain data.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace estiva::spec {

// SCMP_ACT_*. kKill is the old name of kKillThread; it is kept apart so that a document is written as it was
// read.
enum class SeccompAction : uint8_t {
  kKill,
  kKillProcess,
  kKillThread,
  kTrap,
  kErrno,
  kTrace,
  kAllow,
  kLog,
  kNotify,
};

// SCMP_CMP_*.
enum class SeccompOperator : uint8_t { kNe, kLt, kLe, kEq, kGe, kGt, kMaskedEq };

// SCMP_ARCH_*.
enum class SeccompArch : uint8_t {
  kX86,
  kX86_64,
  kX32,
  kArm,
  kAarch64,
  kMips,
  kMips64,
  kMips64n32,
  kMipsel,
  kMipsel64,
  kMipsel64n32,
  kPpc,
  kPpc64,
  kPpc64le,
  kS390,
  kS390x,
  kParisc,
  kParisc64,
  kRiscv64,
  kLoongarch64,
  kM68k,
  kSh,
  kSheb,
};

// The names, in the order of the values.
inline constexpr std::string_view kSeccompActionNames[] = {
    "SCMP_ACT_KILL",  "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD", "SCMP_ACT_TRAP",   "SCMP_ACT_ERRNO",
    "SCMP_ACT_TRACE", "SCMP_ACT_ALLOW",        "SCMP_ACT_LOG",         "SCMP_ACT_NOTIFY",
};
constexpr std::span<const std::string_view> enum_names(SeccompAction) { return kSeccompActionNames; }
inline constexpr std::string_view kSeccompOperatorNames[] = {
    "SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE",        "SCMP_CMP_EQ",
    "SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_MASKED_EQ",
};
constexpr std::span<const std::string_view> enum_names(SeccompOperator) { return kSeccompOperatorNames; }
inline constexpr std::string_view kSeccompArchNames[] = {
    "SCMP_ARCH_X86",     "SCMP_ARCH_X86_64",   "SCMP_ARCH_X32",         "SCMP_ARCH_ARM",
    "SCMP_ARCH_AARCH64", "SCMP_ARCH_MIPS",     "SCMP_ARCH_MIPS64",      "SCMP_ARCH_MIPS64N32",
    "SCMP_ARCH_MIPSEL",  "SCMP_ARCH_MIPSEL64", "SCMP_ARCH_MIPSEL64N32", "SCMP_ARCH_PPC",
    "SCMP_ARCH_PPC64",   "SCMP_ARCH_PPC64LE",  "SCMP_ARCH_S390",        "SCMP_ARCH_S390X",
    "SCMP_ARCH_PARISC",  "SCMP_ARCH_PARISC64", "SCMP_ARCH_RISCV64",     "SCMP_ARCH_LOONGARCH64",
    "SCMP_ARCH_M68K",    "SCMP_ARCH_SH",       "SCMP_ARCH_SHEB",
};
constexpr std::span<const std::string_view> enum_names(SeccompArch) { return kSeccompArchNames; }

struct SeccompArg {
  uint32_t index = 0;
  uint64_t value = 0;
  std::optional<uint64_t> value_two;  // the value for kMaskedEq, whose mask is `value`
  SeccompOperator op = SeccompOperator::kEq;
  bool operator==(const SeccompArg&) const = default;
};

struct SeccompSyscall {
  std::vector<std::string> names;
  SeccompAction action = SeccompAction::kKill;
  std::optional<uint32_t> errno_ret;
  std::vector<SeccompArg> args;
  bool operator==(const SeccompSyscall&) const = default;
};

struct Seccomp {
  SeccompAction default_action = SeccompAction::kKill;
  std::optional<uint32_t> default_errno_ret;
  std::vector<SeccompArch> architectures;
  std::optional<std::vector<std::string>>
      flags;  // absent: the runtime chooses; []: none (SECCOMP_FILTER_FLAG_*)
  std::string listener_path;
  std::string listener_metadata;
  std::vector<SeccompSyscall> syscalls;
  bool operator==(const Seccomp&) const = default;
};

}  // namespace estiva::spec
