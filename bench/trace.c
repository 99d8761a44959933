// SPDX-License-Identifier: Apache-2.0
//
// trace OUTPUT PAYLOAD PROGRAM ARGUMENTS...
//
// Runs a runtime's command and counts what its processes do until one of them
// becomes the container's program (an executable named PAYLOAD).  OUTPUT gets
// one line: SYSCALLS TASKS EXECS VMHWM_KIB PROTECTION, where VMHWM_KIB is the
// largest peak of resident memory that a single process of the runtime reached,
// read from /proc before each exec and exit, and PROTECTION says from what the
// runtime was executing when it started the container.  The seccomp program that was
// loaded last goes to OUTPUT.filter.  Exit status: the command's.
#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <linux/magic.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_TASKS = 4096, SYSCALL_STOP = SIGTRAP | 0x80 };

static struct {
  long syscalls, tasks, execs, peak_kib;
  const char* protection;
} seen = {.protection = "none"};
static const char* payload;
static struct sock_filter filter[BPF_MAXINSNS];
static size_t filter_size;
static pid_t known[MAX_TASKS];
static int known_count;

static void fail(const char* what) {
  fprintf(stderr, "trace: %s: %s\n", what, strerror(errno));
  exit(125);
}

static void sample_peak(pid_t pid) {
  char path[64], line[256];
  long kib;
  snprintf(path, sizeof path, "/proc/%d/status", pid);
  FILE* file = fopen(path, "re");
  while (file && fgets(line, sizeof line, file))
    if (sscanf(line, "VmHWM: %ld", &kib) == 1 && kib > seen.peak_kib) seen.peak_kib = kib;
  if (file) fclose(file);
}

// The names say what keeps the container from writing to the runtime's binary.
static const char* protection_of(const char* exe, const char* target) {
  struct statfs fs;
  struct statvfs mount;
  if (statfs(exe, &fs) < 0 || statvfs(exe, &mount) < 0) return "unknown";
  if (strstr(target, "memfd:")) return "memfd";
  if (fs.f_type == OVERLAYFS_SUPER_MAGIC) return "overlay";
  return mount.f_flag & ST_RDONLY ? "read-only-mount" : "none";
}

// What the process runs from; true when that is the container's program.
static int look_at_program(pid_t pid) {
  char exe[64], target[4096];
  snprintf(exe, sizeof exe, "/proc/%d/exe", pid);
  ssize_t n = readlink(exe, target, sizeof target - 1);
  target[n < 0 ? 0 : n] = 0;
  const char* name = strrchr(target, '/');
  if (name && !strcmp(name + 1, payload)) return 1;
  const char* protection = protection_of(exe, target);
  if (strcmp(protection, "none")) seen.protection = protection;
  return 0;
}

static ssize_t read_memory(pid_t pid, void* buffer, size_t size, unsigned long long address) {
  struct iovec here = {buffer, size}, there = {(void*)(unsigned long)address, size};
  return process_vm_readv(pid, &here, 1, &there, 1, 0);
}

static void keep_filter(pid_t pid, unsigned long long address) {
  struct sock_fprog program;
  if (read_memory(pid, &program, sizeof program, address) != sizeof program || program.len > BPF_MAXINSNS)
    return;
  size_t size = program.len * sizeof filter[0];
  if (read_memory(pid, filter, size, (unsigned long)program.filter) == (ssize_t)size) filter_size = size;
}

static void on_syscall(pid_t pid) {
  struct __ptrace_syscall_info info;
  if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof info, &info) < 0 || info.op != PTRACE_SYSCALL_INFO_ENTRY)
    return;
  // Before its first exec the task is a copy of this program.
  if (!seen.execs) return;
  seen.syscalls++;
  const uint64_t* args = info.entry.args;
  if (info.entry.nr == SYS_seccomp && args[0] == SECCOMP_SET_MODE_FILTER && args[2])
    keep_filter(pid, args[2]);
  if (info.entry.nr == SYS_prctl && args[0] == PR_SET_SECCOMP && args[1] == SECCOMP_MODE_FILTER)
    keep_filter(pid, args[2]);
  if (info.entry.nr != SYS_execve && info.entry.nr != SYS_execveat) return;
  sample_peak(pid);
  look_at_program(pid);
}

// A task that ptrace attached by itself begins with a SIGSTOP nobody sent.
static int first_stop(pid_t pid) {
  for (int i = 0; i < known_count; i++)
    if (known[i] == pid) return 0;
  if (known_count < MAX_TASKS) known[known_count++] = pid;
  return 1;
}

static void on_stop(pid_t pid, int status) {
  int signal = WSTOPSIG(status), event = status >> 16, deliver = 0;
  int is_new = first_stop(pid);
  if (signal == SYSCALL_STOP)
    on_syscall(pid);
  else if (event == PTRACE_EVENT_EXEC) {
    if (look_at_program(pid)) {
      ptrace(PTRACE_DETACH, pid, 0, 0);
      return;
    }
    seen.execs++;
  } else if (event == PTRACE_EVENT_EXIT)
    sample_peak(pid);
  else if (event)
    seen.tasks++;
  else if (!(is_new && signal == SIGSTOP))
    deliver = signal;
  ptrace(PTRACE_SYSCALL, pid, 0, deliver);
}

static pid_t begin(char** command) {
  pid_t pid = fork();
  if (pid < 0) fail("fork");
  if (pid == 0) {
    ptrace(PTRACE_TRACEME, 0, 0, 0);
    raise(SIGSTOP);
    execv(command[0], command);
    fail(command[0]);
  }
  int status;
  if (waitpid(pid, &status, 0) < 0 || !WIFSTOPPED(status)) fail("waitpid");
  long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
                 PTRACE_O_TRACEEXEC | PTRACE_O_TRACEEXIT;
  if (ptrace(PTRACE_SETOPTIONS, pid, 0, options) < 0) fail("ptrace");
  first_stop(pid);
  seen.tasks = 1;
  ptrace(PTRACE_SYSCALL, pid, 0, 0);
  return pid;
}

static void write_filter(const char* output) {
  char path[4096];
  snprintf(path, sizeof path, "%s.filter", output);
  FILE* file = fopen(path, "we");
  if (!file || fwrite(filter, 1, filter_size, file) != filter_size || fclose(file)) fail(path);
}

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  FILE* output = fopen(argv[1], "we");
  if (!output) fail(argv[1]);
  payload = argv[2];
  pid_t command = begin(argv + 3), pid;
  int status;
  // What is still there when the command has ended is the container's: it is
  // detached by our own end.
  for (;;) {
    pid = waitpid(-1, &status, __WALL);
    if (pid < 0 && errno != EINTR) fail("waitpid");
    if (pid == command && !WIFSTOPPED(status)) break;
    if (pid > 0 && WIFSTOPPED(status)) on_stop(pid, status);
  }
  fprintf(output, "%ld %ld %ld %ld %s\n", seen.syscalls, seen.tasks, seen.execs, seen.peak_kib,
          seen.protection);
  fclose(output);
  write_filter(argv[1]);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
