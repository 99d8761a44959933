// SPDX-License-Identifier: Apache-2.0
// System calls on processes, credentials and namespaces.
#include "estiva/base/sys_process.h"

#include <errno.h>
#include <grp.h>
#include <linux/keyctl.h>
#include <linux/nsfs.h>
#include <linux/seccomp.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "estiva/base/text.h"

namespace estiva::sys {

namespace {

Result<void> check(long result, std::string_view call) {
  if (result < 0) return Error::system(call, errno);
  return {};
}

Result<siginfo_t> wait_id(idtype_t type, id_t id, int options) {
  siginfo_t info = {};
  int result;
  do {
    result = ::waitid(type, id, &info, options);
  } while (result < 0 && errno == EINTR);
  TRY(check(result, "waitid"));
  return info;
}

}  // namespace

Result<pid_t> clone3(struct clone_args& args) {
  long pid = ::syscall(SYS_clone3, &args, sizeof args);
  // Before Linux 5.3 there is no clone3; clone(2) knows the same flags but no cgroup and no time namespace.
  const bool only_clone3 = (args.flags & (CLONE_INTO_CGROUP | CLONE_NEWTIME)) != 0;
  if (pid < 0 && errno == ENOSYS && !only_clone3) {
    pid = ::syscall(SYS_clone, args.flags | args.exit_signal, nullptr, args.pidfd, nullptr, nullptr);
  }
  if (pid < 0) return Error::system("clone3", errno);
  return static_cast<pid_t>(pid);
}

Result<Fd> pidfd_open(pid_t pid) {
  const long fd = ::syscall(SYS_pidfd_open, pid, 0);
  if (fd < 0) return Error::system("pidfd_open", errno);
  return Fd(static_cast<int>(fd), Closing::kLater);
}

std::optional<int> pidfd_exit_status(FdView pidfd) {
  // linux/pidfd.h; older headers lack it.
  struct {
    uint64_t mask;
    uint64_t cgroup;
    uint32_t ids[11];
    int32_t exit_code;
  } info = {};
  constexpr uint64_t kExit = 1 << 3;
  constexpr unsigned long kGetInfo = _IOWR(0xff, 11, decltype(info));
  info.mask = kExit;
  if (::ioctl(pidfd.number(), kGetInfo, &info) < 0 || (info.mask & kExit) == 0) return std::nullopt;
  return info.exit_code;
}

Result<void> pidfd_send_signal(FdView pidfd, int signal) {
  return check(::syscall(SYS_pidfd_send_signal, pidfd.number(), signal, nullptr, 0), "pidfd_send_signal");
}

Result<Fd> pidfd_getfd(FdView pidfd, int number) {
  const long fd = ::syscall(SYS_pidfd_getfd, pidfd.number(), number, 0);
  if (fd < 0) return Error::system("pidfd_getfd", errno);
  return Fd(static_cast<int>(fd));
}

Result<void> kill(pid_t pid, int signal) { return check(::kill(pid, signal), "kill"); }

Result<siginfo_t> wait_pid(pid_t pid) { return wait_id(P_PID, static_cast<id_t>(pid), WEXITED); }

Result<siginfo_t> wait_any_nohang() { return wait_id(P_ALL, 0, WEXITED | WNOHANG); }

Result<void> default_signal(int number) {
  // The kernel's own structure: handler, flags, restorer, mask.
  const struct {
    unsigned long handler, flags, restorer;
    uint64_t mask;
  } by_default = {};
  return check(::syscall(SYS_rt_sigaction, number, &by_default, nullptr, sizeof by_default.mask),
               "rt_sigaction");
}

Result<void> setns(FdView ns, int type) { return check(::syscall(SYS_setns, ns.number(), type), "setns"); }

Result<void> unshare(int flags) { return check(::syscall(SYS_unshare, flags), "unshare"); }

Result<int> prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d) {
  const int result = ::prctl(option, a, b, c, d);
  if (result < 0) return Error::system("prctl", errno);
  return result;
}

Result<void> setresuid(uid_t uid) { return check(::syscall(SYS_setresuid, uid, uid, uid), "setresuid"); }

Result<void> setresgid(gid_t gid) { return check(::syscall(SYS_setresgid, gid, gid, gid), "setresgid"); }

Result<void> setgroups(std::span<const gid_t> groups) {
  return check(::syscall(SYS_setgroups, groups.size(), groups.data()), "setgroups");
}

Result<uint64_t> permitted_capabilities() {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2] = {};
  TRY(check(::syscall(SYS_capget, &header, &data[0]), "capget"));
  return data[0].permitted | uint64_t{data[1].permitted} << 32;
}

Result<uint64_t> namespace_type(FdView ns) {
  const int type = ::ioctl(ns.number(), NS_GET_NSTYPE);
  TRY(check(type, "ioctl NS_GET_NSTYPE"));
  return static_cast<uint64_t>(type);
}

Result<void> capset(const struct __user_cap_data_struct (&data)[2]) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  return check(::syscall(SYS_capset, &header, &data[0]), "capset");
}

Result<struct rlimit64> prlimit(pid_t pid, int resource, const struct rlimit64* limit) {
  struct rlimit64 old = {};
  TRY(check(::syscall(SYS_prlimit64, pid, resource, limit, &old), "prlimit"));
  return old;
}

Result<void> execveat(FdView file, Path path, char* const argv[], char* const envp[], int flags) {
  return check(::syscall(SYS_execveat, file.number(), path.c_str(), argv, envp, flags), "execveat");
}

Result<void> execve(Path path, char* const argv[], char* const envp[]) {
  if (::execve(path.c_str(), argv, envp) < 0) return error("execve", path);
  return {};
}

Result<void> setsid() { return check(::syscall(SYS_setsid), "setsid"); }

Result<void> sethostname(std::string_view name) {
  return check(::syscall(SYS_sethostname, name.data(), name.size()), "sethostname");
}

Result<void> setdomainname(std::string_view name) {
  return check(::syscall(SYS_setdomainname, name.data(), name.size()), "setdomainname");
}

Result<Fd> seccomp_load(std::span<const sock_filter> program, unsigned flags) {
  const struct sock_fprog filter = {static_cast<unsigned short>(program.size()),
                                    const_cast<sock_filter*>(program.data())};
  const long result = ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &filter);
  TRY(check(result, "seccomp"));
  if ((flags & SECCOMP_FILTER_FLAG_NEW_LISTENER) != 0) return Fd(static_cast<int>(result));
  // With TSYNC the kernel answers with the id of a thread that it could not synchronise.
  if (result > 0) return Error::system("seccomp", ESRCH);
  return Fd();
}

bool seccomp_has_flags(unsigned flags) {
  // Flags are looked at before the program, which is not there.
  return ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, nullptr) < 0 && errno == EFAULT;
}

Result<void> join_session_keyring(Path name) {
  return check(::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, name.c_str()),
               "keyctl join session keyring");
}

Result<void> personality(unsigned long domain) {
  return check(::syscall(SYS_personality, domain), "personality");
}

Result<void> sched_setattr(pid_t pid, const SchedulerAttributes& attributes) {
  return check(::syscall(SYS_sched_setattr, pid, &attributes, 0), "sched_setattr");
}

Result<void> sched_setaffinity(pid_t pid, std::span<const unsigned long> cpus) {
  return check(::syscall(SYS_sched_setaffinity, pid, cpus.size_bytes(), cpus.data()), "sched_setaffinity");
}

Result<void> ioprio_set_group(pid_t group, int priority) {
  constexpr int kWhoGroup = 2;  // IOPRIO_WHO_PGRP
  return check(::syscall(SYS_ioprio_set, kWhoGroup, group, priority), "ioprio_set");
}

Result<pid_t> getpgid(pid_t pid) {
  const pid_t group = ::getpgid(pid);
  TRY(check(group, "getpgid"));
  return group;
}

Result<void> set_mempolicy(int mode, std::span<const unsigned long> nodes) {
  // The kernel reads one bit less than it is told.
  const size_t count = nodes.empty() ? 0 : 8 * nodes.size_bytes() + 1;
  return check(::syscall(SYS_set_mempolicy, mode, nodes.data(), count), "set_mempolicy");
}

pid_t getpid() { return static_cast<pid_t>(::syscall(SYS_getpid)); }

uid_t effective_uid() { return static_cast<uid_t>(::getauxval(AT_EUID)); }

mode_t umask(mode_t mask) { return ::umask(mask); }

}  // namespace estiva::sys
