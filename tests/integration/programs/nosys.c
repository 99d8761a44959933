// SPDX-License-Identifier: Apache-2.0
// nosys CALL[,CALL...] -- PROGRAM [ARG...]: runs a program for which the given system calls do
// not exist (ENOSYS), as on an older kernel. The filter stays on all that the program starts.

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MAX_CALLS = 32 };

static const struct {
  const char* name;
  unsigned number;
} calls[] = {
    {"openat2", SYS_openat2},
    {"clone3", SYS_clone3},
    {"fsopen", SYS_fsopen},
    {"fsconfig", SYS_fsconfig},
    {"fsmount", SYS_fsmount},
    {"fspick", SYS_fspick},
    {"open_tree", SYS_open_tree},
    {"move_mount", SYS_move_mount},
    {"mount_setattr", SYS_mount_setattr},
    {"pidfd_open", SYS_pidfd_open},
    {"pidfd_send_signal", SYS_pidfd_send_signal},
    {"pidfd_getfd", SYS_pidfd_getfd},
    {"close_range", SYS_close_range},
    {"faccessat2", SYS_faccessat2},
    {"memfd_create", SYS_memfd_create},
    {"mremap", SYS_mremap},
    {"statx", SYS_statx},
};

static unsigned number_of(const char* name) {
  for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
    if (!strcmp(calls[i].name, name)) return calls[i].number;
  fprintf(stderr, "nosys: unknown system call %s\n", name);
  exit(99);
}

// "setns-pidfd" is no call but a way to call setns, with a pidfd and several types at once: Linux 5.8. A bit that is left
// of the types without their lowest one tells several.
static const char setns_pidfd[] = "setns-pidfd";

static struct sock_filter statement(unsigned short code, unsigned k) {
  return (struct sock_filter){code, 0, 0, k};
}

static unsigned short add_setns(struct sock_filter* code, unsigned short n) {
  code[n] = statement(BPF_JMP | BPF_JEQ | BPF_K, SYS_setns);
  code[n++].jf = 7;
  code[n++] = statement(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1]));
  code[n++] = statement(BPF_MISC | BPF_TAX, 0);
  code[n++] = statement(BPF_ALU | BPF_SUB | BPF_K, 1);
  code[n++] = statement(BPF_ALU | BPF_AND | BPF_X, 0);
  code[n] = statement(BPF_JMP | BPF_JEQ | BPF_K, 0);
  code[n++].jf = 1;
  code[n++] = statement(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  code[n++] = statement(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL);
  return n;
}

static int install(char* list) {
  struct sock_filter code[2 * MAX_CALLS + 10];
  unsigned short n = 0;
  code[n++] = statement(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
  for (char* name = strtok(list, ","); name && n < 2 * MAX_CALLS; name = strtok(NULL, ",")) {
    if (!strcmp(name, setns_pidfd)) {
      n = add_setns(code, n);
      continue;
    }
    code[n] = statement(BPF_JMP | BPF_JEQ | BPF_K, number_of(name));
    code[n++].jf = 1;
    code[n++] = statement(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS);
  }
  code[n++] = statement(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  struct sock_fprog program = {n, code};
  return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

int main(int argc, char** argv) {
  if (argc < 4 || strcmp(argv[2], "--") != 0) {
    fprintf(stderr, "usage: nosys CALL[,CALL...] -- PROGRAM [ARG...]\n");
    return 99;
  }
  if (install(argv[1]) != 0) {
    perror("nosys: seccomp");
    return 99;
  }
  execvp(argv[3], argv + 3);
  perror("nosys: exec");
  return 99;
}
