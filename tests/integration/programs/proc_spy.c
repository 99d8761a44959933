// SPDX-License-Identifier: Apache-2.0
// Runs in a container and looks at every other process of its pid namespace
// for a way to the host: its root, its working directory, its descriptors and
// ptrace. Prints ESCAPE and the way for each that it finds, TRACED and the
// executable of each process that it could trace, POWER and the capabilities of
// each that is permitted more than the spy itself.
// Usage: proc_spy CANARY, the absolute path of a file that only the host's root has.
// On SIGTERM it prints how many looks it took; with none the test proves nothing.
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t stop;
static const char* canary;
static unsigned long looks, processes;

static void on_term(int sig) {
  (void)sig;
  stop = 1;
}

static void try_path(const char* path) {
  struct stat st;
  looks++;
  if (stat(path, &st) == 0) printf("ESCAPE %s\n", path);
}

// The host's root is the canary's path from a process whose root is still the
// host's; from a host directory it is at most this many levels up.
#define UP "/../../../../../../../../../../../.."

static void look_at_descriptors(const char* proc) {
  char name[64];
  snprintf(name, sizeof name, "%s/fd", proc);
  DIR* dir = opendir(name);
  looks++;
  if (dir == NULL) return;
  for (struct dirent* entry; (entry = readdir(dir)) != NULL;) {
    if (!isdigit((unsigned char)entry->d_name[0])) continue;
    char path[4500];
    snprintf(path, sizeof path, "%s/%s" UP "%s", name, entry->d_name, canary);
    try_path(path);
  }
  closedir(dir);
}

static void look_at(pid_t pid) {
  char proc[32], path[4500];
  processes++;
  snprintf(proc, sizeof proc, "/proc/%d", (int)pid);
  snprintf(path, sizeof path, "%s/root%s", proc, canary);
  try_path(path);
  snprintf(path, sizeof path, "%s/cwd" UP "%s", proc, canary);
  try_path(path);
  look_at_descriptors(proc);
}

static unsigned long long permitted(pid_t pid) {
  char path[32], line[256];
  unsigned long long caps = 0;
  snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
  FILE* file = fopen(path, "re");
  if (file == NULL) return 0;
  while (fgets(line, sizeof line, file) != NULL)
    if (sscanf(line, "CapPrm: %llx", &caps) == 1) break;
  fclose(file);
  return caps;
}

static void look_at_power(pid_t pid) {
  unsigned long long more = permitted(pid) & ~permitted(getpid());
  looks++;
  if (more != 0) printf("POWER %llx\n", more);
}

// A process that runs the container's own program may be traced by its peers; one that is still the runtime may
// not. Which it is, its executable tells; asked for afterwards, since it only ever changes from the runtime to the
// program. The tracer is a child: its end is the only way to let go of a process that is not stopped.
static void try_ptrace(pid_t pid) {
  looks++;
  pid_t tracer = fork();
  if (tracer == 0) {
    char path[32], exe[4096];
    if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) != 0) _exit(0);
    snprintf(path, sizeof path, "/proc/%d/exe", (int)pid);
    ssize_t length = readlink(path, exe, sizeof exe);
    if (length < 0) _exit(0);
    printf("TRACED %.*s\n", (int)length, exe);
    fflush(stdout);
    _exit(0);
  }
  if (tracer > 0) waitpid(tracer, NULL, 0);
}

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  canary = argv[1];
  struct stat st;
  if (stat(canary, &st) == 0) {
    printf("the canary is visible to begin with\n");
    return 2;
  }
  struct sigaction action = {.sa_handler = on_term};
  sigaction(SIGTERM, &action, NULL);
  setvbuf(stdout, NULL, _IOLBF, 0);
  printf("ready\n");
  while (!stop) {
    DIR* dir = opendir("/proc");
    if (dir == NULL) return 2;
    for (struct dirent* entry; (entry = readdir(dir)) != NULL;) {
      pid_t pid = (pid_t)atoi(entry->d_name);
      if (pid <= 0 || pid == getpid()) continue;
      look_at(pid);
      look_at_power(pid);
      try_ptrace(pid);
    }
    closedir(dir);
  }
  printf("looked %lu times at %lu processes\n", looks, processes);
  return 0;
}
