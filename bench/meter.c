// SPDX-License-Identifier: Apache-2.0
//
// Runs one command after the other for bench/run and measures each from
// posix_spawn to the end of its process.  It is small on purpose and it is the
// subreaper of the containers, as an engine's shim would be.
//
// Requests, one a line, fields separated by tabs:
//   run OUTPUT PROGRAM ARGUMENTS...    both output streams go to the file OUTPUT
//   reap PID                           wait until this descendant has ended
// Answer to run: STATUS WALL_NS USER_US SYSTEM_US, STATUS as a shell shows it;
// the times in user and system mode include children the command waited for.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

enum { MAX_FIELDS = 64 };

static char* environment[] = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", NULL};

static long long now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static long long microseconds(struct timeval t) { return t.tv_sec * 1000000LL + t.tv_usec; }

static int shell_status(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// Reaps whatever ends meanwhile, so that no runtime waits for a zombie of ours.
static int wait_for(pid_t pid, struct rusage* usage) {
  int status;
  pid_t ended;
  while ((ended = wait4(-1, &status, 0, usage)) != pid)
    if (ended < 0 && errno != EINTR) return 127;
  return shell_status(status);
}

static void run(char** fields) {
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, 1, fields[1], O_WRONLY | O_CREAT | O_TRUNC, 0600);
  posix_spawn_file_actions_adddup2(&files, 1, 2);
  struct rusage usage = {0};
  pid_t pid;
  long long begin = now_ns();
  int error = posix_spawn(&pid, fields[2], &files, NULL, fields + 2, environment);
  int status = error ? 127 : wait_for(pid, &usage);
  long long wall = now_ns() - begin;
  posix_spawn_file_actions_destroy(&files);
  if (error) fprintf(stderr, "meter: %s: %s\n", fields[2], strerror(error));
  printf("%d %lld %lld %lld\n", status, wall, microseconds(usage.ru_utime), microseconds(usage.ru_stime));
}

static void reap(pid_t pid) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
    ;
  printf("0 0 0 0\n");
}

int main(void) {
  static char line[65536];
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  while (fgets(line, sizeof line, stdin)) {
    char* fields[MAX_FIELDS];
    int n = 0;
    line[strcspn(line, "\n")] = 0;
    for (char* field = strtok(line, "\t"); field && n < MAX_FIELDS - 1; field = strtok(NULL, "\t"))
      fields[n++] = field;
    fields[n] = NULL;
    if (n > 2 && !strcmp(fields[0], "run"))
      run(fields);
    else if (n == 2 && !strcmp(fields[0], "reap"))
      reap(atoi(fields[1]));
    else
      return 2;
    fflush(stdout);
  }
  return 0;
}
