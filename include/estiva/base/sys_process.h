// SPDX-License-Identifier: Apache-2.0
// System calls on processes, credentials and namespaces. All are direct: a cloned child never meets a value that
// glibc cached for its parent.
#pragma once

#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <sys/wait.h>

#include <cstdint>
#include <optional>
#include <span>

#include "estiva/base/error.h"
#include "estiva/base/fd.h"
#include "estiva/base/sys.h"

namespace estiva::sys {

// clone3(2); 0 in the child. Falls back to clone(2) before Linux 5.3 when no cgroup descriptor is asked for.
Result<pid_t> clone3(struct clone_args& args);
Result<Fd> pidfd_open(pid_t pid);
// PIDFD_INFO_EXIT (Linux 6.15), in the form of wait(2): nothing before the process is reaped, or on an older kernel.
std::optional<int> pidfd_exit_status(FdView pidfd);
Result<void> pidfd_send_signal(FdView pidfd, int signal);
// A copy of a descriptor of that process (pidfd_getfd(2), Linux 5.6). Needs what ptrace(2) needs.
Result<Fd> pidfd_getfd(FdView pidfd, int number);
Result<void> kill(pid_t pid, int signal);
// waitid(2) with WEXITED; the siginfo's si_code and si_status tell what happened.
Result<siginfo_t> wait_pid(pid_t pid);
// Any child that has ended by now, or si_pid == 0. ECHILD when there is none.
Result<siginfo_t> wait_any_nohang();
// Of any signal, also of the two that the C library keeps for itself.
Result<void> default_signal(int number);
Result<void> setns(FdView ns, int type);
Result<void> unshare(int flags);
Result<int> prctl(int option, unsigned long a = 0, unsigned long b = 0, unsigned long c = 0,
                  unsigned long d = 0);
Result<void> setresuid(uid_t uid);
Result<void> setresgid(gid_t gid);
Result<void> setgroups(std::span<const gid_t> groups);
// Our own permitted set; bit n is capability n.
Result<uint64_t> permitted_capabilities();
// CLONE_NEW* of a descriptor of /proc/PID/ns; EINVAL or ENOTTY for anything else. Linux 4.11.
Result<uint64_t> namespace_type(FdView ns);
Result<void> capset(const struct __user_cap_data_struct (&data)[2]);
Result<struct rlimit64> prlimit(pid_t pid, int resource, const struct rlimit64* limit);
Result<void> execveat(FdView file, Path path, char* const argv[], char* const envp[], int flags);
Result<void> execve(Path path, char* const argv[], char* const envp[]);
Result<void> setsid();
Result<void> sethostname(std::string_view name);
Result<void> setdomainname(std::string_view name);
// The listener where `flags` ask for one (SECCOMP_FILTER_FLAG_NEW_LISTENER), else invalid.
Result<Fd> seccomp_load(std::span<const sock_filter> program, unsigned flags);
// Whether the kernel takes these SECCOMP_FILTER_FLAG_* together. Loads nothing.
bool seccomp_has_flags(unsigned flags);
Result<void> join_session_keyring(Path name);
Result<void> personality(unsigned long domain);
// sched_setattr(2): the kernel's struct sched_attr, for which older and newer headers have different names.
struct SchedulerAttributes {
  uint32_t size = sizeof(SchedulerAttributes);
  uint32_t policy = 0;
  uint64_t flags = 0;
  int32_t nice = 0;
  uint32_t priority = 0;
  uint64_t runtime = 0, deadline = 0, period = 0;  // nanoseconds
  uint32_t util_min = 0, util_max = 0;
};
Result<void> sched_setattr(pid_t pid, const SchedulerAttributes& attributes);
// Bit n % 64 of word n / 64 is CPU n. Numbers that the kernel has no room for are left out.
Result<void> sched_setaffinity(pid_t pid, std::span<const unsigned long> cpus);
// ioprio_set(2) of each process of the group.
Result<void> ioprio_set_group(pid_t group, int priority);
Result<pid_t> getpgid(pid_t pid);
// Bit n % 64 of word n / 64 is node n.
Result<void> set_mempolicy(int mode, std::span<const unsigned long> nodes);
pid_t getpid();
// As it was when this program was executed: no call.
uid_t effective_uid();
mode_t umask(mode_t mask);

}  // namespace estiva::sys
