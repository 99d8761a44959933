// SPDX-License-Identifier: Apache-2.0
// Runs inside the containers of the integration tests and tells, or does, what busybox cannot:
// exact arguments and environment, descriptors, the keyring, memory, forks, devices, terminals.
// Each line of output is "name: value". A refused act prints the name of its errno.

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <mqueue.h>
#include <rdma/ib_user_verbs.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char** environ;

static long number(const char* text) { return text ? strtol(text, NULL, 0) : 0; }

static int tell(const char* what, long result) {
  if (result < 0)
    printf("%s: %s\n", what, strerrorname_np(errno));
  else
    printf("%s: %ld\n", what, result);
  return result < 0;
}

static int cmd_args(char** args) {
  for (int i = 0; args[i]; i++) printf("%d: [%s]\n", i, args[i]);
  return 0;
}

static int cmd_env(char** args) {
  (void)args;
  for (char** e = environ; *e; e++) printf("[%s]\n", *e);
  return 0;
}

static int cmd_fds(char** args) {
  (void)args;
  DIR* dir = opendir("/proc/self/fd");
  if (!dir) return tell("fds", -1);
  for (struct dirent* e; (e = readdir(dir));) {
    int fd = atoi(e->d_name);
    if (e->d_name[0] == '.' || fd == dirfd(dir)) continue;
    char target[4096] = "";
    if (readlinkat(dirfd(dir), e->d_name, target, sizeof target - 1) < 0) continue;
    printf("%d: %s\n", fd, target);
  }
  closedir(dir);
  return 0;
}

static int cmd_ids(char** args) {
  (void)args;
  mode_t mask = umask(0);
  gid_t groups[256];
  int n = getgroups(256, groups);
  printf("uid: %u %u\ngid: %u %u\ngroups:", getuid(), geteuid(), getgid(), getegid());
  for (int i = 0; i < n; i++) printf(" %u", groups[i]);
  printf("\numask: %04o\npid: %d\nsid: %d\npgrp: %d\n", mask, getpid(), getsid(0), getpgrp());
  printf("dumpable: %d\nno_new_privs: %d\n", prctl(PR_GET_DUMPABLE), prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
  return 0;
}

static int cmd_rlimits(char** args) {
  (void)args;
  static const char* names[] = {"CPU",      "FSIZE",  "DATA",    "STACK", "CORE",  "RSS",
                                "NPROC",    "NOFILE", "MEMLOCK", "AS",    "LOCKS", "SIGPENDING",
                                "MSGQUEUE", "NICE",   "RTPRIO",  "RTTIME"};
  for (int i = 0; i < 16; i++) {
    struct rlimit l;
    getrlimit(i, &l);
    printf("%s: %lld %lld\n", names[i], (long long)l.rlim_cur, (long long)l.rlim_max);
  }
  return 0;
}

static int cmd_signals(char** args) {
  (void)args;
  sigset_t blocked;
  sigprocmask(SIG_SETMASK, NULL, &blocked);
  for (int s = 1; s < 65; s++) {
    struct sigaction act;
    if (sigismember(&blocked, s) == 1) printf("blocked: %d\n", s);
    if (sigaction(s, NULL, &act) == 0 && act.sa_handler == SIG_IGN) printf("ignored: %d\n", s);
  }
  return 0;
}

static int cmd_keyring(char** args) {
  long id = syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0);
  char text[512] = "";
  if (id >= 0) syscall(SYS_keyctl, KEYCTL_DESCRIBE, id, text, sizeof text - 1);
  printf("description: %s\n", text);
  char label[256] = "";
  if (syscall(SYS_keyctl, KEYCTL_GET_SECURITY, KEY_SPEC_SESSION_KEYRING, label, sizeof label - 1, 0) > 0)
    printf("label: %s\n", label);
  if (args[0])
    tell("search", syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_SESSION_KEYRING, "user", args[0], 0));
  return tell("session", id);
}

// Touches so many MiB, page by page; prints only when all of it is there.
static int cmd_alloc(char** args) {
  size_t size = (size_t)number(args[0]) << 20;
  char* p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (p == MAP_FAILED) return tell("alloc", -1);
  for (size_t i = 0; i < size; i += 4096) p[i] = 1;
  printf("alloc: %s\n", args[0]);
  return 0;
}

static int cmd_forks(char** args) {
  long made = 0;
  for (long want = number(args[0]); made < want; made++) {
    pid_t pid = fork();
    if (pid == 0) {
      pause();
      _exit(0);
    }
    if (pid < 0) {
      printf("error: %s\n", strerrorname_np(errno));
      break;
    }
  }
  printf("forks: %ld\n", made);
  fflush(stdout);
  signal(SIGTERM, SIG_IGN);
  kill(0, SIGTERM);
  _exit(0);
}

static double seconds(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

// Spins for so many milliseconds of wall time; prints the milliseconds of processor time it got.
static int cmd_burn(char** args) {
  double end = seconds(CLOCK_MONOTONIC) + (double)number(args[0]) / 1e3;
  while (seconds(CLOCK_MONOTONIC) < end)
    ;
  printf("cpu: %ld\n", (long)(seconds(CLOCK_PROCESS_CPUTIME_ID) * 1e3));
  return 0;
}

static int cmd_clocks(char** args) {
  (void)args;
  printf("monotonic: %ld\nboottime: %ld\n", (long)seconds(CLOCK_MONOTONIC), (long)seconds(CLOCK_BOOTTIME));
  return 0;
}

static int cmd_mknod(char** args) {
  mode_t type = args[1][0] == 'b' ? S_IFBLK : args[1][0] == 'c' ? S_IFCHR : S_IFIFO;
  return tell("mknod",
              mknod(args[0], type | 0600, makedev((unsigned)number(args[2]), (unsigned)number(args[3]))));
}

static int cmd_open(char** args) {
  int flags = !strcmp(args[1], "r") ? O_RDONLY : !strcmp(args[1], "w") ? O_WRONLY : O_RDWR;
  int fd = open(args[0], flags | O_NONBLOCK | O_NOCTTY);
  return tell("open", fd < 0 ? -1 : 0);
}

// A command to an RDMA device whose whole argument is where its answer, of so many words of 4 bytes, goes.
static long verb(int fd, unsigned command, unsigned short answer_words) {
  unsigned answer[2];
  struct {
    struct ib_uverbs_cmd_hdr head;
    uint64_t answer;
  } request = {{command, sizeof request / 4, answer_words}, (uintptr_t)answer};
  return write(fd, &request, sizeof request);
}

// rdma NODE CONTEXTS DOMAINS: takes so many handles of the device, and with the first so many objects.
static int cmd_rdma(char** args) {
  long contexts = 0, domains = 0;
  int first = -1;
  for (; contexts < number(args[1]); contexts++) {
    int fd = open(args[0], O_RDWR);
    if (fd < 0) return tell("open", -1);
    if (verb(fd, IB_USER_VERBS_CMD_GET_CONTEXT, 2) < 0) {
      tell("context", -1);
      break;
    }
    if (first < 0) first = fd;
  }
  for (; domains < number(args[2]); domains++) {
    if (verb(first, IB_USER_VERBS_CMD_ALLOC_PD, 1) < 0) {
      tell("domain", -1);
      break;
    }
  }
  printf("contexts: %ld\ndomains: %ld\n", contexts, domains);
  return 0;
}

static int cmd_mq(char** args) {
  struct mq_attr attr = {.mq_maxmsg = 2, .mq_msgsize = 64};
  mqd_t q = mq_open(args[0], O_CREAT | O_RDWR, 0600, &attr);
  return tell("mq_open", q < 0 ? -1 : 0);
}

static int cmd_tty(char** args) {
  (void)args;
  struct winsize size = {0};
  for (int fd = 0; fd < 3; fd++) printf("isatty%d: %d %s\n", fd, isatty(fd), isatty(fd) ? ttyname(fd) : "-");
  if (ioctl(0, TIOCGWINSZ, &size) == 0) printf("size: %d %d\n", size.ws_row, size.ws_col);
  int ctty = open("/dev/tty", O_RDWR);
  tell("ctty", ctty < 0 ? -1 : 0);
  printf("session: %d\nforeground: %d\n", getsid(0) == getpid(), tcgetpgrp(0) == getpgrp());
  return 0;
}

// syscall NAME-OR-NUMBER [ARG...]: arguments are numbers.
static const struct {
  const char* name;
  long number;
} calls[] = {
    {"getcwd", SYS_getcwd},
    {"getppid", SYS_getppid},
    {"mkdir", SYS_mkdir},
    {"personality", SYS_personality},
    {"unshare", SYS_unshare},
    {"setns", SYS_setns},
    {"umount2", SYS_umount2},
    {"socket", SYS_socket},
    {"sethostname", SYS_sethostname},
    {"kcmp", SYS_kcmp},
    {"clone3", SYS_clone3},
    {"openat2", SYS_openat2},
    {"fsopen", SYS_fsopen},
    {"open_tree", SYS_open_tree},
    {"mount_setattr", SYS_mount_setattr},
    {"add_key", SYS_add_key},
    {"ptrace", SYS_ptrace},
    {"setpriority", SYS_setpriority},
    {"getpriority", SYS_getpriority},
    {"prctl", SYS_prctl},
    {"lseek", SYS_lseek},
};

static int cmd_syscall(char** args) {
  long nr = -1, a[6] = {0};
  for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
    if (!strcmp(calls[i].name, args[0])) nr = calls[i].number;
  if (nr < 0) nr = number(args[0]);
  for (int i = 0; i < 6 && args[i + 1]; i++) a[i] = number(args[i + 1]);
  return tell(args[0], syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]));
}

// The i386 entry of an x86-64 kernel: syscall32 NUMBER [EBX].
static int cmd_syscall32(char** args) {
#ifdef __x86_64__
  long result = number(args[0]), ebx = number(args[1]);
  __asm__ volatile("int $0x80" : "+a"(result) : "b"(ebx) : "memory", "r8", "r9", "r10", "r11");
  int value = (int)result;
  if (value < 0 && value > -4096) {
    errno = -value;
    value = -1;
  }
  return tell("syscall32", value);
#else
  (void)args;
  return tell("syscall32", (errno = ENOSYS, -1));
#endif
}

static volatile sig_atomic_t seen;
static void on_signal(int sig) { seen = sig; }

// Prints "ready", then the number of each signal it receives; ends after TERM.
static int cmd_catch(char** args) {
  (void)args;
  struct sigaction act = {.sa_handler = on_signal};
  sigset_t all, none;
  sigfillset(&all);
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &all, NULL);
  for (int s = 1; s < 65; s++)
    if (s != SIGKILL && s != SIGSTOP && s != SIGCHLD) sigaction(s, &act, NULL);
  puts("ready");
  do {
    seen = 0;
    sigsuspend(&none);
    if (seen) printf("signal: %d\n", (int)seen);
  } while (seen != SIGTERM);
  return 0;
}

// The kernel's struct sched_attr, which the C library has only since glibc 2.41.
static int cmd_scheduler(char** args) {
  struct {
    unsigned size, policy;
    unsigned long long flags;
    int nice;
    unsigned priority;
    unsigned long long runtime, deadline, period;
  } s = {0};
  (void)args;
  if (syscall(SYS_sched_getattr, 0, &s, sizeof s, 0)) return tell("scheduler", -1);
  printf("policy: %u\nflags: %#llx\nnice: %d\npriority: %u\n", s.policy, s.flags, s.nice, s.priority);
  printf("runtime: %llu\ndeadline: %llu\nperiod: %llu\n", s.runtime, s.deadline, s.period);
  printf("ioprio: %#lx\nioprio of group: %#lx\n", syscall(SYS_ioprio_get, 1, 0),
         syscall(SYS_ioprio_get, 2, 0));
  int mode = 0;
  if (syscall(SYS_get_mempolicy, &mode, NULL, 0, NULL, 0)) return tell("mempolicy", -1);
  printf("mempolicy: %#x\n", mode);
  return 0;
}

static int cmd_exit(char** args) { return (int)number(args[0]); }
static int cmd_kill(char** args) { return kill(getpid(), (int)number(args[0])); }
static int cmd_sleep(char** args) { return (int)sleep((unsigned)number(args[0])); }

// Writes a byte to a descriptor: for descriptors that the caller keeps open.
static int cmd_write(char** args) {
  return tell("write", write((int)number(args[0]), args[1], strlen(args[1])));
}

// One datagram of each argument to NOTIFY_SOCKET, as sd_notify(3).
static int cmd_notify(char** args) {
  const char* path = getenv("NOTIFY_SOCKET");
  struct sockaddr_un to = {.sun_family = AF_UNIX};
  if (!path || strlen(path) >= sizeof to.sun_path) return 98;
  strcpy(to.sun_path, path);
  const int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
  for (; *args; args++) {
    const ssize_t sent = sendto(fd, *args, strlen(*args), 0, (struct sockaddr*)&to, sizeof to);
    if (sent < 0) return tell("notify", sent);
  }
  return 0;
}

static const struct {
  const char* name;
  int (*run)(char** args);
  int least;  // arguments
} commands[] = {
    {"args", cmd_args, 0},       {"env", cmd_env, 0},
    {"fds", cmd_fds, 0},         {"ids", cmd_ids, 0},
    {"rlimits", cmd_rlimits, 0}, {"signals", cmd_signals, 0},
    {"keyring", cmd_keyring, 0}, {"alloc", cmd_alloc, 1},
    {"forks", cmd_forks, 1},     {"burn", cmd_burn, 1},
    {"clocks", cmd_clocks, 0},   {"mknod", cmd_mknod, 4},
    {"open", cmd_open, 2},       {"rdma", cmd_rdma, 3},
    {"mq", cmd_mq, 1},           {"tty", cmd_tty, 0},
    {"syscall", cmd_syscall, 1}, {"syscall32", cmd_syscall32, 1},
    {"catch", cmd_catch, 0},     {"scheduler", cmd_scheduler, 0},
    {"notify", cmd_notify, 1},   {"exit", cmd_exit, 1},
    {"kill", cmd_kill, 1},       {"sleep", cmd_sleep, 1},
    {"write", cmd_write, 2},
};

int main(int argc, char** argv) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  for (size_t i = 0; argc > 1 && i < sizeof commands / sizeof commands[0]; i++)
    if (!strcmp(commands[i].name, argv[1]) && argc - 2 >= commands[i].least) return commands[i].run(argv + 2);
  fprintf(stderr, "testinit: unknown command or too few arguments\n");
  return 99;
}
