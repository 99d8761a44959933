// SPDX-License-Identifier: Apache-2.0
//
// The program inside the container.  Every timed run checks with a handful of
// calls that the container is what its config.json asks for; the full report
// is for the checks before and after a series.
//
//   payload exit     check, then end with the sum of what is wrong (0: all right)
//   payload exec     the same of a further process of the container
//   payload pause    check, then wait for a signal
//   payload report   print what can be seen from inside
#include <fcntl.h>
#include <linux/keyctl.h>
#include <linux/prctl.h>
#include <linux/utsname.h>

#include "sys.h"

enum {
  NO_SECCOMP_FILTER = 1,
  WRONG_PID = 2,
  CAN_GAIN_PRIVILEGES = 4,
  WRONG_HOSTNAME = 8,
  PATH_NOT_MASKED = 16,
  REFUSED_CALL_PASSED = 32,
};
enum { SECCOMP_MODE_FILTER_IS = 2, EPERM_IS = -1 };

static int check(int first) {
  int wrong = 0;
  char byte;
  struct new_utsname uts;
  if (SYS(prctl, PR_GET_SECCOMP, 0, 0, 0, 0) != SECCOMP_MODE_FILTER_IS) wrong |= NO_SECCOMP_FILTER;
  if ((SYS(getpid) == 1) != first) wrong |= WRONG_PID;
  if (SYS(prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1) wrong |= CAN_GAIN_PRIVILEGES;
  if (SYS(uname, &uts) < 0 || !equal(uts.nodename, "bench")) wrong |= WRONG_HOSTNAME;
  long masked = SYS(openat, AT_FDCWD, "/proc/interrupts", O_RDONLY, 0);
  if (masked >= 0 && SYS(read, masked, &byte, 1) > 0) wrong |= PATH_NOT_MASKED;
  if (SYS(keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0, 0, 0) != EPERM_IS)
    wrong |= REFUSED_CALL_PASSED;
  return wrong;
}

static void print(const char* text) { SYS(write, 1, text, length(text)); }

static void print_file(const char* path) {
  static char buffer[4096];
  long n, fd = SYS(openat, AT_FDCWD, path, O_RDONLY, 0);
  print("== ");
  print(path);
  print("\n");
  while (fd >= 0 && (n = SYS(read, fd, buffer, sizeof buffer)) > 0) SYS(write, 1, buffer, n);
}

static void print_link(const char* path) {
  static char buffer[256];
  long n = SYS(readlink, path, buffer, sizeof buffer);
  print("== ");
  print(path);
  print("\n");
  if (n > 0) SYS(write, 1, buffer, n);
  print("\n");
}

// /dev/kmsg is in nobody's list: the node can be made, opening it must not work.
static void print_device_access(void) {
  enum { KMSG = (1 << 8) | 11, CHARACTER_DEVICE = 0020600 };
  print("== device outside the list\n");
  if (SYS(mknodat, AT_FDCWD, "/dev/outside", CHARACTER_DEVICE, KMSG) < 0)
    print("not made\n");
  else
    print(SYS(openat, AT_FDCWD, "/dev/outside", O_RDONLY, 0) == EPERM_IS ? "refused\n" : "opened\n");
  print("== device in the list\n");
  print(SYS(openat, AT_FDCWD, "/dev/null", O_RDWR, 0) >= 0 ? "opened\n" : "refused\n");
}

static void report(void) {
  static const char* const links[] = {"cgroup", "ipc", "mnt", "net", "pid", "uts", "user"};
  char path[] = "/proc/self/ns/\0\0\0\0\0\0";
  print_file("/proc/self/status");
  print_file("/proc/self/mountinfo");
  print_file("/proc/self/limits");
  for (size_t i = 0; i < sizeof links / sizeof links[0]; i++) {
    memcpy(path + sizeof "/proc/self/ns/" - 1, links[i], length(links[i]) + 1);
    print_link(path);
  }
  print_device_access();
}

__attribute__((used)) static void start(long* stack) {
  char** argv = (char**)(stack + 1);
  const char* mode = stack[0] > 1 ? argv[1] : "exit";
  if (equal(mode, "report")) report();
  int wrong = check(!equal(mode, "exec"));
  while (!wrong && equal(mode, "pause")) SYS(pause);
  SYS(exit_group, wrong);
}
ENTRY(start);
