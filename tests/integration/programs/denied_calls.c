// SPDX-License-Identifier: Apache-2.0
// Tries each system call of docker's deny list and prints "NAME ERRNO" ("NAME ok" if it succeeds). The arguments are
// such that the kernel refuses them for another reason than a filter does, and that nothing happens if it does not:
// bad pointers, bad descriptors, unknown flags. Calls that i386 alone has go by int 0x80.
#include <errno.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define BAD_POINTER 1L
#define BAD_FLAGS 0xffffffffL

struct call {
  const char* name;
  long number;
  long args[6];
};

static const struct call calls[] = {
    {"acct", SYS_acct, {BAD_POINTER}},
    {"add_key", SYS_add_key, {BAD_POINTER}},
    {"bpf", SYS_bpf, {BAD_FLAGS}},
    {"clock_adjtime", SYS_clock_adjtime, {0, BAD_POINTER}},
    {"clock_settime", SYS_clock_settime, {0, BAD_POINTER}},
    {"clone3", SYS_clone3, {0, 0}},
    {"delete_module", SYS_delete_module, {BAD_POINTER}},
    {"finit_module", SYS_finit_module, {-1, BAD_POINTER}},
    {"get_mempolicy", SYS_get_mempolicy, {0, 0, 0, 0, BAD_FLAGS}},
    {"init_module", SYS_init_module, {BAD_POINTER, 0, BAD_POINTER}},
    {"io_uring_enter", SYS_io_uring_enter, {-1}},
    {"io_uring_register", SYS_io_uring_register, {-1}},
    {"io_uring_setup", SYS_io_uring_setup, {0, BAD_POINTER}},
    {"kcmp", SYS_kcmp, {0, 0, -1}},
    {"kexec_load", SYS_kexec_load, {0, -1, BAD_POINTER, 0}},
    {"keyctl", SYS_keyctl, {KEYCTL_DESCRIBE, 0, 0, 0}},
    {"lookup_dcookie", SYS_lookup_dcookie, {0, BAD_POINTER}},
    {"mbind", SYS_mbind, {BAD_POINTER, 1, 0, 0, 0, 0}},
    {"mount", SYS_mount, {BAD_POINTER, BAD_POINTER, BAD_POINTER, 0, 0}},
    {"move_pages", SYS_move_pages, {0, 1, BAD_POINTER, 0, BAD_POINTER, BAD_FLAGS}},
    {"clone_newuser", SYS_clone, {CLONE_NEWUSER | CLONE_FS | SIGCHLD}},
    {"nfsservctl", SYS_nfsservctl, {0}},
    {"open_by_handle_at", SYS_open_by_handle_at, {-1, BAD_POINTER}},
    {"perf_event_open", SYS_perf_event_open, {BAD_POINTER, 0, -1, -1, 0}},
    {"personality", SYS_personality, {0x0400000}},  // READ_IMPLIES_EXEC
    {"pivot_root", SYS_pivot_root, {BAD_POINTER, BAD_POINTER}},
    {"process_vm_readv", SYS_process_vm_readv, {0, 0, 0, 0, 0, BAD_FLAGS}},
    {"process_vm_writev", SYS_process_vm_writev, {0, 0, 0, 0, 0, BAD_FLAGS}},
    {"quotactl", SYS_quotactl, {-1, BAD_POINTER}},
    {"reboot", SYS_reboot, {0, 0, 0}},
    {"request_key", SYS_request_key, {BAD_POINTER}},
    {"set_mempolicy", SYS_set_mempolicy, {-1, 0, 0}},
    {"setns", SYS_setns, {-1, 0}},
    {"settimeofday", SYS_settimeofday, {BAD_POINTER}},
    {"swapoff", SYS_swapoff, {BAD_POINTER}},
    {"swapon", SYS_swapon, {BAD_POINTER}},
    {"umount2", SYS_umount2, {BAD_POINTER, BAD_FLAGS}},
    {"unshare", SYS_unshare, {BAD_FLAGS}},
    {"userfaultfd", SYS_userfaultfd, {BAD_FLAGS}},
    {"socket_alg", SYS_socket, {AF_ALG, SOCK_SEQPACKET, -1}},
    {"socket_vsock", SYS_socket, {AF_VSOCK, -1}},
#ifdef __x86_64__
    {"_sysctl", SYS__sysctl, {BAD_POINTER}},
    {"create_module", SYS_create_module, {0}},
    {"get_kernel_syms", SYS_get_kernel_syms, {0}},
    {"ioperm", SYS_ioperm, {-1, 1, 0}},
    {"iopl", SYS_iopl, {99}},
    {"kexec_file_load", SYS_kexec_file_load, {-1, -1, 0, 0, BAD_FLAGS}},
    {"query_module", SYS_query_module, {0}},
    {"sysfs", SYS_sysfs, {-1}},
    {"uselib", SYS_uselib, {BAD_POINTER}},
    {"ustat", SYS_ustat, {-1, BAD_POINTER}},
    {"x32_mount", 0x40000000 | SYS_mount, {BAD_POINTER, BAD_POINTER, BAD_POINTER, 0, 0}},
#endif
};

static int failed(long result, int error) { return result < 0 ? error : 0; }

static void print(const char* name, int error) {
  printf("%s %s\n", name, error ? strerrorname_np(error) : "ok");
}

static void try_call(const struct call* call) {
  const long* a = call->args;
  const long result = syscall(call->number, a[0], a[1], a[2], a[3], a[4], a[5]);
  const int error = errno;
  if (result == 0 && call->number == SYS_clone) _exit(0);
  print(call->name, failed(result, error));
}

#ifdef __x86_64__
static const struct call calls_i386[] = {
    {"i386_mount", 21, {BAD_POINTER, BAD_POINTER, BAD_POINTER}},
    {"stime", 25, {BAD_POINTER}},
    {"umount", 22, {BAD_POINTER}},
    {"vm86", 166, {0, 0}},
    {"vm86old", 113, {0, 0}},
};

static long call_i386(const struct call* call) {
  long result;
  __asm__ volatile("int $0x80"
                   : "=a"(result)
                   : "a"(call->number), "b"(call->args[0]), "c"(call->args[1]), "d"(call->args[2])
                   : "memory", "r8", "r9", "r10", "r11");
  return (int)result;
}

// Without CONFIG_IA32_EMULATION the instruction is a fault.
static void no_i386(int signal) {
  (void)signal;
  static const char text[] = "no_i386 ok\n";
  (void)!write(1, text, sizeof text - 1);
  _exit(0);
}

static void try_i386(void) {
  signal(SIGSEGV, no_i386);
  for (size_t i = 0; i < sizeof calls_i386 / sizeof calls_i386[0]; i++) {
    const long result = call_i386(&calls_i386[i]);
    print(calls_i386[i].name, failed(result, (int)-result));
  }
}
#endif

int main(void) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) try_call(&calls[i]);
  while (wait(NULL) > 0) continue;
#ifdef __x86_64__
  try_i386();
#endif
  return 0;
}
