// SPDX-License-Identifier: Apache-2.0
// Prints which kernel features that matter to a container runtime this machine has, one "name: answer" a line.
// Every probe fails by intent (a bad descriptor, a bad size) or undoes itself: nothing on the host changes.
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#define CGROUP2_MAGIC 0x63677270
#define TMPFS_MAGIC_NUMBER 0x01021994

static const char* cgroup_mode(void) {
  struct statfs fs;
  if (statfs("/sys/fs/cgroup", &fs) != 0) return "none mounted at /sys/fs/cgroup";
  if (fs.f_type == CGROUP2_MAGIC) return "v2";
  if (fs.f_type != TMPFS_MAGIC_NUMBER) return "none mounted at /sys/fs/cgroup";
  if (statfs("/sys/fs/cgroup/unified", &fs) == 0 && fs.f_type == CGROUP2_MAGIC) return "hybrid (v1 and v2)";
  return "v1";
}

static int has_openat2(void) {
  uint64_t how[3] = {O_PATH | O_CLOEXEC, 0, 0};
  long fd = syscall(SYS_openat2, AT_FDCWD, "/", how, sizeof how);
  if (fd < 0) return 0;
  close((int)fd);
  return 1;
}

// A bad descriptor is EBADF and a missing call ENOSYS; so is each of the probes by `answers`.
static int answers(long result) { return result >= 0 || errno != ENOSYS; }

static int has_mount_api(void) {
  long fd = syscall(SYS_fsopen, "tmpfs", 1 /* FSOPEN_CLOEXEC */);
  int yes = answers(fd);
  if (fd >= 0) close((int)fd);
  return yes;
}

static int has_mount_setattr(void) {
  uint64_t attributes[4] = {0, 0, 0, 0};
  return answers(syscall(SYS_mount_setattr, -1, "", 0, attributes, sizeof attributes));
}

// With a bad cgroup descriptor clone3 says EBADF before it makes a process; an older kernel says EINVAL or E2BIG.
static int has_clone_into_cgroup(void) {
  struct clone_args args;
  memset(&args, 0, sizeof args);
  args.flags = CLONE_INTO_CGROUP;
  args.exit_signal = SIGCHLD;
  args.cgroup = INT32_MAX;
  long pid = syscall(SYS_clone3, &args, sizeof args);
  if (pid == 0) _exit(0);
  if (pid > 0) waitpid((pid_t)pid, NULL, 0);
  return pid < 0 && errno == EBADF;
}

static int has_pidfd(void) {
  long fd = syscall(SYS_pidfd_open, getpid(), 0);
  if (fd < 0) return 0;
  close((int)fd);
  return 1;
}

static int has_seccomp(uint32_t action) {
  return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

static int has_user_namespaces(void) {
  pid_t pid = fork();
  if (pid == 0) _exit(unshare(CLONE_NEWUSER) == 0 ? 0 : 1);
  int status = 1;
  return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void print(const char* name, int yes) { printf("%s: %s\n", name, yes ? "yes" : "no"); }

int main(void) {
  struct utsname system;
  if (uname(&system) == 0) printf("kernel: %s %s\n", system.release, system.machine);
  printf("cgroups: %s\n", cgroup_mode());
  print("openat2 (5.6)", has_openat2());
  print("new mount API (5.2)", has_mount_api());
  print("mount_setattr (5.12)", has_mount_setattr());
  print("clone3 into a cgroup (5.7)", has_clone_into_cgroup());
  print("pidfd_open (5.3)", has_pidfd());
  print("seccomp filters", has_seccomp(SECCOMP_RET_ERRNO));
  print("seccomp user notification (5.0)", has_seccomp(SECCOMP_RET_USER_NOTIF));
  print("user namespaces", has_user_namespaces());
  print("time namespaces (5.6)", access("/proc/self/ns/time", F_OK) == 0);
  return 0;
}
