// SPDX-License-Identifier: Apache-2.0
// What a profile means: libseccomp used as runc uses it, call by call, and runc's ENOSYS for what is newer than the
// profile. Written without a look at the compiler that it judges.
#pragma once

#include <errno.h>
#include <linux/audit.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "estiva/spec/linux.h"
#include "seccomp/mixed_comparisons.h"
#include "seccomp/simulator.h"

// libseccomp leaks when it refuses a rule.
extern "C" const char* __lsan_default_suppressions();
extern "C" __attribute__((used, weak)) const char* __lsan_default_suppressions() { return "leak:libseccomp"; }

namespace estiva {

class Oracle {
 public:
  explicit Oracle(const spec::Seccomp& profile) : profile_(profile) { status_ = build(); }

  // 0, or the negative errno that libseccomp refused the profile with.
  int status() const { return status_; }

  uint32_t answer(const struct seccomp_data& call) const {
    if (newer_than_profile(call)) return SCMP_ACT_ERRNO(ENOSYS);
    return simulate(program_, call).value_or(0xdead);
  }
  // The answer may not be what libseccomp itself says of the profile (seccomp_export_pfc): a comparison on the way got
  // a word that was meant for another one. That hangs on the rules of other calls and ABIs, so nobody can rely on it.
  bool confused(const struct seccomp_data& call) const {
    return !newer_than_profile(call) && simulate(marked_, call) == kMixed;
  }
  // Architectures by libseccomp's numbers, the host's first.
  const std::vector<uint32_t>& architectures() const { return architectures_; }

 private:
  static uint32_t action(spec::SeccompAction action, std::optional<uint32_t> number) {
    switch (action) {
      case spec::SeccompAction::kErrno:
        return SCMP_ACT_ERRNO(number.value_or(EPERM));
      case spec::SeccompAction::kTrace:
        return SCMP_ACT_TRACE(number.value_or(EPERM));
      case spec::SeccompAction::kKill:
      case spec::SeccompAction::kKillThread:
        return SCMP_ACT_KILL_THREAD;
      case spec::SeccompAction::kKillProcess:
        return SCMP_ACT_KILL_PROCESS;
      case spec::SeccompAction::kTrap:
        return SCMP_ACT_TRAP;
      case spec::SeccompAction::kAllow:
        return SCMP_ACT_ALLOW;
      case spec::SeccompAction::kLog:
        return SCMP_ACT_LOG;
      case spec::SeccompAction::kNotify:
        return SCMP_ACT_NOTIFY;
    }
    return 0;
  }

  static struct scmp_arg_cmp comparison(const spec::SeccompArg& arg) {
    static const std::map<spec::SeccompOperator, scmp_compare> kOperators = {
        {spec::SeccompOperator::kNe, SCMP_CMP_NE},
        {spec::SeccompOperator::kLt, SCMP_CMP_LT},
        {spec::SeccompOperator::kLe, SCMP_CMP_LE},
        {spec::SeccompOperator::kEq, SCMP_CMP_EQ},
        {spec::SeccompOperator::kGe, SCMP_CMP_GE},
        {spec::SeccompOperator::kGt, SCMP_CMP_GT},
        {spec::SeccompOperator::kMaskedEq, SCMP_CMP_MASKED_EQ},
    };
    return {arg.index, kOperators.at(arg.op), arg.value, arg.value_two.value_or(0)};
  }

  static uint32_t architecture(spec::SeccompArch arch) {
    std::string name(spec::name(arch).substr(sizeof "SCMP_ARCH_" - 1));
    for (char& c : name) c = static_cast<char>(tolower(c));
    return seccomp_arch_resolve_name(name.c_str());
  }

  int add(scmp_filter_ctx filter, const spec::SeccompSyscall& call) {
    const uint32_t act = action(call.action, call.errno_ret);
    if (act == action(profile_.default_action, profile_.default_errno_ret)) return 0;
    std::vector<struct scmp_arg_cmp> all;
    int uses[6] = {};
    for (const spec::SeccompArg& arg : call.args) {
      all.push_back(comparison(arg));
      ++uses[arg.index];
    }
    const bool repeated = *std::max_element(uses, uses + 6) > 1;
    for (const std::string& name : call.names) {
      const int number = seccomp_syscall_resolve_name(name.c_str());
      if (number == __NR_SCMP_ERROR) continue;
      int status = 0;
      if (!repeated)
        status = seccomp_rule_add_array(filter, act, number, static_cast<unsigned>(all.size()), all.data());
      for (size_t i = 0; repeated && i < all.size() && status == 0; ++i)
        status = seccomp_rule_add_array(filter, act, number, 1, &all[i]);
      if (status != 0) return status;
      // libseccomp 2.5.4 never loads the number when its list begins with a call that the architecture lacks.
      seccomp_syscall_priority(filter, number, 1);
    }
    return 0;
  }

  int build() {
    scmp_filter_ctx filter = seccomp_init(action(profile_.default_action, profile_.default_errno_ret));
    architectures_ = {seccomp_arch_native()};
    for (const spec::SeccompArch arch : profile_.architectures) {
      const uint32_t number = architecture(arch);
      if (const int status = seccomp_arch_add(filter, number); status != 0 && status != -EEXIST)
        return status;
      if (std::ranges::find(architectures_, number) == architectures_.end()) architectures_.push_back(number);
      find_newest(number);
    }
    int status = 0;
    for (const spec::SeccompSyscall& call : profile_.syscalls) {
      if (status == 0) status = add(filter, call);
    }
    if (status == 0) status = read_program(filter);
    seccomp_release(filter);
    return status;
  }

  int read_program(scmp_filter_ctx filter) {
    const int file = ::memfd_create("oracle", MFD_CLOEXEC);
    int status = seccomp_export_bpf(filter, file);
    const off_t size = ::lseek(file, 0, SEEK_END);
    program_.resize(static_cast<size_t>(size) / sizeof(sock_filter));
    if (::pread(file, program_.data(), static_cast<size_t>(size), 0) != size) status = -EIO;
    ::close(file);
    marked_ = mark_mixed_comparisons(program_);
    return status;
  }

  void find_newest(uint32_t arch) {
    int newest = 0;
    for (const spec::SeccompSyscall& call : profile_.syscalls) {
      for (const std::string& name : call.names)
        newest = std::max(newest, seccomp_syscall_resolve_name_arch(arch, name.c_str()));
    }
    if (newest > 0) newest_[arch] = static_cast<uint32_t>(newest);
  }

  // runc puts this in front of its filter unless the default lets calls pass. x32 is told by its bit, whatever else
  // the number has.
  bool newer_than_profile(const struct seccomp_data& call) const {
    const spec::SeccompAction act = profile_.default_action;
    if (act == spec::SeccompAction::kAllow || act == spec::SeccompAction::kLog ||
        act == spec::SeccompAction::kTrace)
      return false;
    const bool x32 = call.arch == AUDIT_ARCH_X86_64 && (call.nr & 0x40000000) != 0;
    const auto newest = newest_.find(x32 ? static_cast<uint32_t>(SCMP_ARCH_X32) : call.arch);
    return newest != newest_.end() && static_cast<uint32_t>(call.nr) > newest->second;
  }

  const spec::Seccomp profile_;
  std::vector<uint32_t> architectures_;
  std::vector<sock_filter> program_, marked_;
  std::map<uint32_t, uint32_t> newest_;  // by libseccomp's number of the architecture
  int status_;
};

}  // namespace estiva
