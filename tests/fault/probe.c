// SPDX-License-Identifier: Apache-2.0
// The container's program of the fault tests: prints what it can see and do as one fact per line,
// waits until its standard input ends (the harness looks at it from outside meanwhile) and exits with 7.
// As "probe hook NAME FILE" it is a hook: appends its name and the status of the state it was given.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <unistd.h>

enum { kExit = 7, kMaxNames = 256 };

static int by_name(const void* a, const void* b) { return strcmp(*(char* const*)a, *(char* const*)b); }

static int names_of(const char* path, char** names) {
  DIR* dir = opendir(path);
  struct dirent* entry;
  int count = 0;
  if (!dir) return -1;
  while ((entry = readdir(dir)) && count < kMaxNames)
    if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..")) names[count++] = strdup(entry->d_name);
  closedir(dir);
  qsort(names, (size_t)count, sizeof *names, by_name);
  return count;
}

static void print_file(const char* fact, const char* path) {
  char line[4096];
  FILE* f = fopen(path, "re");
  if (!f) {
    printf("%s: %s\n", fact, strerror(errno));
    return;
  }
  while (fgets(line, sizeof line, f)) {
    line[strcspn(line, "\n")] = 0;
    printf("%s: %s\n", fact, line);
  }
  fclose(f);
}

static void print_status(void) {
  static const char* const wanted[] = {"Uid",
                                       "Gid",
                                       "Groups",
                                       "CapInh",
                                       "CapPrm",
                                       "CapEff",
                                       "CapBnd",
                                       "CapAmb",
                                       "NoNewPrivs",
                                       "Seccomp",
                                       "Seccomp_filters",
                                       "SigBlk",
                                       "SigIgn",
                                       "Umask",
                                       "Threads",
                                       "Cpus_allowed_list",
                                       "Mems_allowed_list"};
  char line[4096];
  FILE* f = fopen("/proc/self/status", "re");
  if (!f) {
    printf("status: %s\n", strerror(errno));
    return;
  }
  while (fgets(line, sizeof line, f)) {
    char* colon = strchr(line, ':');
    if (!colon) continue;
    *colon = 0;
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
      if (!strcmp(wanted[i], line)) printf("status %s:%s", line, colon + 1);
  }
  fclose(f);
}

static void print_process(char** argv) {
  char cwd[4096], exe[4096] = "";
  struct utsname uts;
  int death = 0;
  uname(&uts);
  prctl(PR_GET_PDEATHSIG, &death);
  printf("uts: %s %s\n", uts.nodename, uts.domainname);
  printf("cwd: %s\n", getcwd(cwd, sizeof cwd) ? cwd : strerror(errno));
  printf("exe: %s\n", readlink("/proc/self/exe", exe, sizeof exe - 1) > 0 ? exe : strerror(errno));
  printf("pid: %s session: %s group: %s\n", getpid() == 1 ? "1" : "other",
         getsid(0) == getpid() ? "leader" : "other", getpgrp() == getpid() ? "leader" : "other");
  printf("securebits: %d dumpable: %d keepcaps: %d subreaper-death: %d\n", prctl(PR_GET_SECUREBITS),
         prctl(PR_GET_DUMPABLE), prctl(PR_GET_KEEPCAPS), death);
  printf("nice: %d scheduler: %d io: %ld\n", getpriority(PRIO_PROCESS, 0), sched_getscheduler(0),
         syscall(SYS_ioprio_get, 1, 0));
  for (int i = 0; argv[i]; i++) printf("argv %d: %s\n", i, argv[i]);
  for (int i = 0; environ[i]; i++) printf("env: %s\n", environ[i]);
}

static void print_limits(void) {
  for (int i = 0; i < RLIM_NLIMITS; i++) {
    struct rlimit limit;
    if (!getrlimit((__rlimit_resource_t)i, &limit))
      printf("rlimit %d: %lld %lld\n", i, (long long)limit.rlim_cur, (long long)limit.rlim_max);
  }
}

static void print_keyring(void) {
  char text[256] = "";
  long n = syscall(SYS_keyctl, KEYCTL_DESCRIBE, KEY_SPEC_SESSION_KEYRING, text, sizeof text - 1);
  printf("keyring: %s\n", n > 0 ? text : strerror(errno));
}

static const char* kind_of(mode_t mode) {
  return S_ISCHR(mode)    ? "char"
         : S_ISBLK(mode)  ? "block"
         : S_ISDIR(mode)  ? "dir"
         : S_ISLNK(mode)  ? "link"
         : S_ISFIFO(mode) ? "fifo"
         : S_ISSOCK(mode) ? "socket"
                          : "file";
}

static void print_descriptors(void) {
  for (int fd = 0; fd < 1024; fd++) {
    struct stat st;
    if (fstat(fd, &st)) continue;
    printf("fd %d: %s status 0%o cloexec %d\n", fd, kind_of(st.st_mode),
           fcntl(fd, F_GETFL) & (O_ACCMODE | O_NONBLOCK), fcntl(fd, F_GETFD));
  }
}

static void print_namespaces(void) {
  char *names[kMaxNames], path[300], target[300];
  int count = names_of("/proc/self/ns", names);
  for (int i = 0; i < count; i++) {
    snprintf(path, sizeof path, "/proc/self/ns/%s", names[i]);
    ssize_t n = readlink(path, target, sizeof target - 1);
    target[n < 0 ? 0 : n] = 0;
    printf("ns %s: %s\n", names[i], target);
  }
}

static void print_tree(const char* path) {
  char *names[kMaxNames], full[4096], target[4096];
  int count = names_of(path, names);
  if (count < 0) printf("tree %s: %s\n", path, strerror(errno));
  for (int i = 0; i < count; i++) {
    struct stat st;
    ssize_t n = 0;
    snprintf(full, sizeof full, "%s/%s", path, names[i]);
    if (lstat(full, &st)) continue;
    if (S_ISLNK(st.st_mode)) n = readlink(full, target, sizeof target - 1);
    target[n < 0 ? 0 : n] = 0;
    printf("tree %s: %s 0%o %u:%u %u:%u %s\n", full, kind_of(st.st_mode), st.st_mode & 07777, st.st_uid,
           st.st_gid, major(st.st_rdev), minor(st.st_rdev), target);
  }
}

static void print_effects(int count, char** paths) {
  for (int i = 0; i < count; i++) {
    char *names[kMaxNames], byte;
    struct stat st;
    int fd = open(paths[i], O_RDONLY | O_CLOEXEC);
    int read_error = fd < 0 ? errno : 0;
    int bytes = fd < 0 ? -1 : (int)read(fd, &byte, 1);
    int writable = access(paths[i], W_OK) == 0;
    int write_error = errno;
    if (fd >= 0) close(fd);
    int directory = !stat(paths[i], &st) && S_ISDIR(st.st_mode);
    printf("path %s: %s read %d (%s) entries %d write %s\n", paths[i], directory ? "dir" : "other", bytes,
           strerror(read_error), directory ? names_of(paths[i], names) : 0,
           writable ? "yes" : strerror(write_error));
  }
  errno = 0;
  printf("create in /: %d", mkdir("/made-by-probe", 0700));
  printf(" (%s)\n", strerror(errno));
  errno = 0;
  printf("seccomp effect: %ld", syscall(SYS_acct, NULL));
  printf(" (%s)\n", strerror(errno));
  int made = mknod("/scratch/device", S_IFCHR | 0600, makedev(1, 11));
  int made_error = made ? errno : 0, opened = open("/scratch/device", O_RDONLY | O_CLOEXEC);
  printf("device rule: mknod %s open %s\n", strerror(made_error), opened < 0 ? strerror(errno) : "yes");
}

static int hook(const char* name, const char* file) {
  char state[65536];
  size_t length = fread(state, 1, sizeof state - 1, stdin);
  state[length] = 0;
  char* status = strstr(state, "\"status\"");
  FILE* f = fopen(file, "ae");
  if (!f) return 1;
  if (status) status = strchr(status + 8, '"');
  fprintf(f, "%s %.*s\n", name, status ? (int)strcspn(status + 1, "\"") : 0, status ? status + 1 : "");
  return fclose(f) ? 1 : 0;
}

int main(int argc, char** argv) {
  char byte;
  if (argc == 4 && !strcmp(argv[1], "hook")) return hook(argv[2], argv[3]);
  print_descriptors();
  print_process(argv);
  print_status();
  print_limits();
  print_keyring();
  print_namespaces();
  print_file("mount", "/proc/self/mountinfo");
  print_file("cgroup", "/proc/self/cgroup");
  print_file("oom_score_adj", "/proc/self/oom_score_adj");
  print_file("timens", "/proc/self/timens_offsets");
  print_file("uid_map", "/proc/self/uid_map");
  print_file("gid_map", "/proc/self/gid_map");
  print_file("setgroups", "/proc/self/setgroups");
  print_file("net", "/proc/net/dev");
  print_tree("/");
  print_tree("/dev");
  print_effects(argc - 1, argv + 1);
  puts("end");
  fflush(stdout);
  while (read(0, &byte, 1) > 0) continue;
  return kExit;
}
