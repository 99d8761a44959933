// SPDX-License-Identifier: Apache-2.0
// Profiles of the shape and size that engines give a container by default: nearly everything is allowed by name, some
// calls for some arguments only, the rest is refused. The names are those that libseccomp knows here.
#pragma once

#include <seccomp.h>
#include <stdlib.h>

#include <set>
#include <string>
#include <vector>

#include "estiva/spec/seccomp.h"

namespace estiva {

// What a container without further capabilities may not call, or for some arguments only.
inline const std::set<std::string>& restricted_calls() {
  static const std::set<std::string> kCalls = {
      "_sysctl",        "acct",
      "add_key",        "bpf",
      "clock_adjtime",  "clock_settime",
      "clone",          "clone3",
      "create_module",  "delete_module",
      "fanotify_init",  "finit_module",
      "fsconfig",       "fsmount",
      "fsopen",         "fspick",
      "get_mempolicy",  "init_module",
      "io_uring_enter", "io_uring_setup",
      "ioperm",         "iopl",
      "kcmp",           "kexec_file_load",
      "kexec_load",     "keyctl",
      "lookup_dcookie", "mbind",
      "mount",          "mount_setattr",
      "move_mount",     "move_pages",
      "nfsservctl",     "open_by_handle_at",
      "open_tree",      "perf_event_open",
      "personality",    "pivot_root",
      "ptrace",         "query_module",
      "quotactl",       "reboot",
      "request_key",    "set_mempolicy",
      "setdomainname",  "sethostname",
      "setns",          "settimeofday",
      "socket",         "stime",
      "swapoff",        "swapon",
      "sysfs",          "syslog",
      "umount",         "umount2",
      "unshare",        "uselib",
      "userfaultfd",    "ustat",
      "vhangup",        "vm86",
      "vm86old",        "vserver",
  };
  return kCalls;
}

inline std::vector<std::string> unrestricted_calls() {
  std::set<std::string> names;
  for (const uint32_t arch :
       std::initializer_list<uint32_t>{SCMP_ARCH_X86_64, SCMP_ARCH_X86, SCMP_ARCH_AARCH64}) {
    for (int number = -230; number < 1000; ++number) {
      char* name = seccomp_syscall_resolve_num_arch(arch, number);
      if (name != nullptr && !restricted_calls().contains(name)) names.insert(name);
      ::free(name);
    }
  }
  return {names.begin(), names.end()};
}

inline spec::Seccomp with_defaults() {
  using enum spec::SeccompArch;
  spec::Seccomp profile;
  profile.default_action = spec::SeccompAction::kErrno;
  profile.architectures = {kX86_64, kX86, kX32};
  profile.syscalls.push_back({unrestricted_calls(), spec::SeccompAction::kAllow, {}, {}});
  for (const uint64_t value : {0x0u, 0x8u, 0x20000u, 0x20008u, 0xffffffffu}) {
    profile.syscalls.push_back(
        {{"personality"}, spec::SeccompAction::kAllow, {}, {{0, value, 0, spec::SeccompOperator::kEq}}});
  }
  return profile;
}

// docker: no vsock, no new namespaces, no clone3.
inline spec::Seccomp docker_profile() {
  spec::Seccomp profile = with_defaults();
  profile.default_errno_ret = 1;
  profile.syscalls.push_back(
      {{"socket"}, spec::SeccompAction::kAllow, {}, {{0, 40, 0, spec::SeccompOperator::kNe}}});
  profile.syscalls.push_back(
      {{"clone"}, spec::SeccompAction::kAllow, {}, {{0, 0x7e020000, 0, spec::SeccompOperator::kMaskedEq}}});
  profile.syscalls.push_back({{"clone3"}, spec::SeccompAction::kErrno, 38, {}});
  return profile;
}

// podman: ENOSYS by default, EPERM for what capabilities are missing for, no audit by netlink.
inline spec::Seccomp podman_profile() {
  spec::Seccomp profile = with_defaults();
  profile.default_errno_ret = 38;
  std::vector<std::string> refused(restricted_calls().begin(), restricted_calls().end());
  std::erase_if(refused, [](const std::string& name) {
    return name == "socket" || name == "clone" || name == "clone3" || name == "personality";
  });
  profile.syscalls.push_back({refused, spec::SeccompAction::kErrno, 1, {}});
  profile.syscalls.push_back({{"clone", "clone3"}, spec::SeccompAction::kAllow, {}, {}});
  const spec::SeccompArg netlink = {0, 16, 0, spec::SeccompOperator::kEq};
  const spec::SeccompArg audit = {2, 9, 0, spec::SeccompOperator::kEq};
  spec::SeccompArg no_netlink = netlink, no_audit = audit;
  no_netlink.op = no_audit.op = spec::SeccompOperator::kNe;
  profile.syscalls.push_back({{"socket"}, spec::SeccompAction::kErrno, 22, {netlink, audit}});
  profile.syscalls.push_back({{"socket"}, spec::SeccompAction::kAllow, {}, {no_audit}});
  profile.syscalls.push_back({{"socket"}, spec::SeccompAction::kAllow, {}, {no_netlink}});
  profile.syscalls.push_back({{"socket"}, spec::SeccompAction::kAllow, {}, {no_audit}});
  return profile;
}

}  // namespace estiva
