// SPDX-License-Identifier: Apache-2.0
//
// load ROUNDS FILE...
//
// What the kernel needs to load seccomp filters; each FILE holds a program as bench/trace saw a runtime load it.
// Every load is in a fresh process, and the files take turns.  A line for each: INSTRUCTIONS MINIMUM MEDIAN,
// in microseconds.
#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_FILES = 32, MAX_ROUNDS = 1000 };

static struct {
  struct sock_filter code[BPF_MAXINSNS];
  struct sock_fprog program;
  double us[MAX_ROUNDS];
} filters[MAX_FILES];

static void fail(const char* what) {
  fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
  exit(1);
}

static double now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void read_filter(int i, const char* path) {
  FILE* file = fopen(path, "re");
  if (!file) fail(path);
  filters[i].program.len =
      (unsigned short)fread(filters[i].code, sizeof filters[i].code[0], BPF_MAXINSNS, file);
  filters[i].program.filter = filters[i].code;
  fclose(file);
}

// A filter stays for good, so a child loads it. `shared` is where it leaves the time.
static double load(const struct sock_fprog* program, volatile double* shared) {
  *shared = -1;
  pid_t pid = fork();
  if (pid < 0) fail("fork");
  if (pid == 0) {
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    double begin = now_us();
    long result = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, program);
    if (result == 0) *shared = now_us() - begin;
    _exit(0);
  }
  while (waitpid(pid, NULL, 0) < 0)
    if (errno != EINTR) fail("waitpid");
  if (*shared < 0) fail("seccomp");
  return *shared;
}

static int ascending(const void* a, const void* b) {
  double x = *(const double*)a, y = *(const double*)b;
  return (x > y) - (x < y);
}

int main(int argc, char** argv) {
  int rounds = argc > 2 ? atoi(argv[1]) : 0, count = argc - 2;
  if (rounds < 1 || rounds > MAX_ROUNDS || count > MAX_FILES) return 2;
  for (int i = 0; i < count; i++) read_filter(i, argv[2 + i]);
  double* shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) fail("mmap");
  for (int round = 0; round < rounds; round++)
    for (int i = 0; i < count; i++) filters[i].us[round] = load(&filters[i].program, shared);
  for (int i = 0; i < count; i++) {
    qsort(filters[i].us, (size_t)rounds, sizeof(double), ascending);
    printf("%d %.1f %.1f\n", filters[i].program.len, filters[i].us[0], filters[i].us[rounds / 2]);
  }
}
