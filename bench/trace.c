// SPDX-License-Identifier: Apache-2.0
//
// trace OUTPUT PAYLOAD PROGRAM ARGUMENTS...
//
// Runs a runtime's command and counts what its processes do until one of them
// becomes the container's program (an executable named PAYLOAD).  OUTPUT gets
// one line: SYSCALLS TASKS EXECS VMHWM_KIB PROTECTION, where VMHWM_KIB is the
// largest peak of resident memory that a single process of the runtime reached,
// read from /proc before each exec and exit, and PROTECTION says from what the
// runtime was executing when it started the container.  Exit status: the command's.
#define _GNU_SOURCE
#include <errno.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_TASKS = 4096, SYSCALL_STOP = SIGTRAP | 0x80 };

static struct {
  long syscalls, tasks, execs, peak_kib;
  const char* protection;
} seen = {.protection = "none"};
static const char* payload;
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

// True when the process has become the container's program.
static int after_exec(pid_t pid) {
  char exe[64], target[4096];
  snprintf(exe, sizeof exe, "/proc/%d/exe", pid);
  ssize_t n = readlink(exe, target, sizeof target - 1);
  target[n < 0 ? 0 : n] = 0;
  const char* name = strrchr(target, '/');
  if (name && !strcmp(name + 1, payload)) return 1;
  seen.execs++;
  const char* protection = protection_of(exe, target);
  if (strcmp(protection, "none")) seen.protection = protection;
  return 0;
}

static void on_syscall(pid_t pid) {
  struct __ptrace_syscall_info info;
  if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof info, &info) < 0 || info.op != PTRACE_SYSCALL_INFO_ENTRY)
    return;
  // Before its first exec the task is a copy of this program.
  if (!seen.execs) return;
  seen.syscalls++;
  if (info.entry.nr == SYS_execve || info.entry.nr == SYS_execveat) sample_peak(pid);
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
    if (after_exec(pid)) {
      ptrace(PTRACE_DETACH, pid, 0, 0);
      return;
    }
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
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
