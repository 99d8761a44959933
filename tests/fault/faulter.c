// SPDX-License-Identifier: Apache-2.0
// Runs a command under ptrace, numbers its processes in order of creation and the system calls of
// each one, and lists them, or makes the N-th call of process P fail, or sends SIGKILL there.
// Only processes that run the command's own program are followed: one that executes another program
// (a hook, the container's process) is let go at that moment. Events go to a report, one per line:
//   call P N NR | inject P N NR | kill P N NR | process P PID | thread P TID | exec P | left P
//   exit P STATUS | signal P 128+N | main STATUS | hang
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

enum { kMaxProcesses = 512, kProgramHead = 4096, kTickMs = 10, kMaxSettleMs = 3000, kBroken = 125 };

struct process {
  pid_t pid;
  int number;     // 1 is the command itself
  int calls;      // system calls entered since the command's first execve
  int injecting;  // between the entry and the exit of the call that is made to fail
  int restoring;  // the same for brk, whose argument the caller still has in the register that we changed
  long argument;
  int gone;
};

struct options {
  const char* report;
  const char* unfailable;  // ",14,39,": calls that no fault belongs in
  int list, process, call, error, kill_target, kill_main, timeout_s, settle_ms;
};

static struct options options = {.unfailable = ",", .process = 1, .timeout_s = 10, .settle_ms = 20};
static struct process processes[kMaxProcesses];
static int process_count, armed, main_status = -1;
static FILE* report;
static off_t program_size;
static char program_head[kProgramHead];
static volatile sig_atomic_t ticks;

static void die(const char* what) {
  fprintf(stderr, "faulter: %s: %s\n", what, strerror(errno));
  exit(kBroken);
}

static void on_tick(int sig) {
  (void)sig;
  ticks++;
}

static struct process* find(pid_t pid) {
  for (int i = process_count - 1; i >= 0; i--)
    if (processes[i].pid == pid && !processes[i].gone) return &processes[i];
  return NULL;
}

static int is_thread(pid_t pid) {
  char path[64], line[256];
  int tgid = pid;
  snprintf(path, sizeof path, "/proc/%d/status", pid);
  FILE* f = fopen(path, "re");
  if (!f) return 0;
  while (fgets(line, sizeof line, f))
    if (sscanf(line, "Tgid: %d", &tgid) == 1) break;
  fclose(f);
  return tgid != pid;
}

static struct process* find_or_add(pid_t pid) {
  struct process* p = find(pid);
  if (p) return p;
  if (process_count == kMaxProcesses) {
    errno = E2BIG;
    die("processes");
  }
  p = &processes[process_count++];
  *p = (struct process){.pid = pid, .number = process_count};
  fprintf(report, "%s %d %d\n", is_thread(pid) ? "thread" : "process", p->number, pid);
  return p;
}

// A copy of the program (a sealed memfd, another mount) counts as the program: size and first page decide.
static int same_program(const char* path, int learn) {
  char head[kProgramHead] = {0};
  struct stat st;
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0 || fstat(fd, &st) || read(fd, head, sizeof head) < 0) {
    if (fd >= 0) close(fd);
    return 0;
  }
  close(fd);
  if (learn) {
    program_size = st.st_size;
    memcpy(program_head, head, sizeof head);
  }
  return st.st_size == program_size && memcmp(head, program_head, sizeof head) == 0;
}

#if defined(__x86_64__)
static void set_call_number(pid_t pid, long nr) {
  ptrace(PTRACE_POKEUSER, pid, offsetof(struct user_regs_struct, orig_rax), nr);
}
static void set_result(pid_t pid, long value) {
  ptrace(PTRACE_POKEUSER, pid, offsetof(struct user_regs_struct, rax), value);
}
static void set_first_argument(pid_t pid, long value) {
  ptrace(PTRACE_POKEUSER, pid, offsetof(struct user_regs_struct, rdi), value);
}
static void restore_first_argument(pid_t pid, long value) { set_first_argument(pid, value); }
#elif defined(__aarch64__)
static void set_call_number(pid_t pid, long nr) {
  int number = (int)nr;
  struct iovec iov = {&number, sizeof number};
  ptrace(PTRACE_SETREGSET, pid, NT_ARM_SYSTEM_CALL, &iov);
}
static void set_result(pid_t pid, long value) {
  struct user_regs_struct regs;
  struct iovec iov = {&regs, sizeof regs};
  if (ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &iov)) return;
  regs.regs[0] = (unsigned long long)value;
  ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &iov);
}
static void set_first_argument(pid_t pid, long value) { set_result(pid, value); }
// Here the register of the first argument is that of the result.
static void restore_first_argument(pid_t pid, long value) { (void)pid, (void)value; }
#else
#error "tell this program how a system call's number and result are set on this architecture"
#endif

// brk reports failure by the unchanged break, not by an errno: asking for address 0 is how it fails.
static void inject(struct process* p, long nr, long argument) {
  fprintf(report, "inject %d %d %ld\n", p->number, p->calls, nr);
  if (nr == SYS_brk) {
    set_first_argument(p->pid, 0);
    p->argument = argument;
    p->restoring = 1;
    return;
  }
  // close(2): whatever it says, the descriptor is released.
  if (nr != SYS_close) set_call_number(p->pid, -1);
  p->injecting = 1;
}

static int is_target(const struct process* p) {
  return !options.list && p->number == options.process && p->calls == options.call;
}

// Call numbers shift by one where processes meet in another order than in the run that was listed: the N-th call then is
// its neighbour.
static int cannot_fail(long nr) {
  char word[32];
  snprintf(word, sizeof word, ",%ld,", nr);
  return nr == SYS_exit || nr == SYS_exit_group || nr == SYS_rt_sigreturn ||
         strstr(options.unfailable, word) != NULL;
}

static void on_end(struct process* p, int status);

// Returns when it is dead: what its other processes do next they do without it.
static void kill_now(struct process* victim) {
  int status = 0;
  pid_t pid;
  if (victim->gone || kill(victim->pid, SIGKILL)) return;
  do pid = waitpid(victim->pid, &status, __WALL);
  while ((pid < 0 && errno == EINTR) || (pid > 0 && WIFSTOPPED(status)));
  if (pid > 0) on_end(victim, status);
}

static void on_call_entry(struct process* p, long nr, long argument) {
  p->calls++;
  if (options.list) fprintf(report, "call %d %d %ld\n", p->number, p->calls, nr);
  if (!is_target(p)) return;
  if (options.kill_target || options.kill_main) {
    struct process* victim = options.kill_main ? &processes[0] : p;
    fprintf(report, "kill %d %d %ld\n", p->number, p->calls, nr);
    if (victim != p)
      kill_now(victim);
    else
      kill(p->pid, SIGKILL);
  } else if (!cannot_fail(nr)) {
    inject(p, nr, argument);
  }
}

static void on_call_stop(struct process* p) {
  struct __ptrace_syscall_info info;
  if (!armed || ptrace(PTRACE_GET_SYSCALL_INFO, p->pid, sizeof info, &info) <= 0) return;
  if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
    on_call_entry(p, (long)info.entry.nr, (long)info.entry.args[0]);
  } else if (info.op == PTRACE_SYSCALL_INFO_EXIT && p->injecting) {
    set_result(p->pid, -options.error);
    p->injecting = 0;
  } else if (info.op == PTRACE_SYSCALL_INFO_EXIT && p->restoring) {
    restore_first_argument(p->pid, p->argument);
    p->restoring = 0;
  }
}

// False when the process was let go because it runs another program now.
static int on_exec(struct process* p) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/exe", p->pid);
  if (!armed) {
    armed = 1;
    same_program(path, 1);
    return 1;
  }
  if (same_program(path, 0)) {
    fprintf(report, "exec %d\n", p->number);
    return 1;
  }
  fprintf(report, "left %d\n", p->number);
  ptrace(PTRACE_DETACH, p->pid, 0, 0);
  p->gone = 1;
  return 0;
}

static void on_event(struct process* p, int event, int sig) {
  unsigned long message = 0;
  switch (event) {
    case PTRACE_EVENT_FORK:
    case PTRACE_EVENT_VFORK:
    case PTRACE_EVENT_CLONE:
      if (!ptrace(PTRACE_GETEVENTMSG, p->pid, 0, &message)) find_or_add((pid_t)message);
      break;
    case PTRACE_EVENT_EXEC:
      if (!on_exec(p)) return;
      break;
    case PTRACE_EVENT_STOP:
      if (sig == SIGSTOP || sig == SIGTSTP || sig == SIGTTIN || sig == SIGTTOU) {
        ptrace(PTRACE_LISTEN, p->pid, 0, 0);
        return;
      }
      break;
  }
  ptrace(PTRACE_SYSCALL, p->pid, 0, 0);
}

static void on_stop(struct process* p, int status) {
  int sig = WSTOPSIG(status), event = status >> 16;
  if (event) {
    on_event(p, event, sig);
  } else if (sig == (SIGTRAP | 0x80)) {
    on_call_stop(p);
    ptrace(PTRACE_SYSCALL, p->pid, 0, 0);
  } else {
    ptrace(PTRACE_SYSCALL, p->pid, 0, sig);
  }
}

static void on_end(struct process* p, int status) {
  int code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  p->gone = 1;
  fprintf(report, "%s %d %d\n", WIFSIGNALED(status) ? "signal" : "exit", p->number, code);
  if (p->number == 1) {
    main_status = code;
    fprintf(report, "main %d\n", code);
  }
}

static int any_alive(void) {
  for (int i = 0; i < process_count; i++)
    if (!processes[i].gone) return 1;
  return 0;
}

static void kill_all(void) {
  fprintf(report, "hang\n");
  for (int i = 0; i < process_count; i++)
    if (!processes[i].gone) kill(processes[i].pid, SIGKILL);
}

// Ends when every process is gone, or the command is gone and the others (an init that waits for
// start) made no move for settle_ms: the kernel lets those go on when the tracer exits.
static void trace(void) {
  int last_move = 0, main_end = 0, hang = 0;
  while (any_alive()) {
    int status;
    pid_t pid = waitpid(-1, &status, __WALL);
    if (pid < 0 && errno == ECHILD) return;
    if (pid >= 0) {
      struct process* p = WIFSTOPPED(status) ? find_or_add(pid) : find(pid);
      last_move = ticks;
      if (!p) continue;
      if (WIFSTOPPED(status))
        on_stop(p, status);
      else
        on_end(p, status);
      if (main_status < 0) main_end = ticks;
      if (main_status < 0 || (ticks - main_end) * kTickMs < kMaxSettleMs) continue;
      return;
    }
    if (main_status >= 0 && (ticks - last_move) * kTickMs >= options.settle_ms) return;
    if (!hang && ticks * kTickMs >= options.timeout_s * 1000) {
      hang = 1;
      kill_all();
    }
  }
}

static pid_t start_stopped(char** argv, int gate[2]) {
  pid_t pid = fork();
  if (pid < 0) die("fork");
  if (pid == 0) {
    char go;
    close(gate[1]);
    if (read(gate[0], &go, 1) != 1) _exit(kBroken);
    execvp(argv[0], argv);
    fprintf(stderr, "faulter: %s: %s\n", argv[0], strerror(errno));
    _exit(127);
  }
  return pid;
}

static void attach(pid_t pid) {
  int status;
  long flags = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
               PTRACE_O_TRACEEXEC;
  if (ptrace(PTRACE_SEIZE, pid, 0, flags)) die("PTRACE_SEIZE");
  if (ptrace(PTRACE_INTERRUPT, pid, 0, 0)) die("PTRACE_INTERRUPT");
  if (waitpid(pid, &status, __WALL) < 0) die("waitpid");
  find_or_add(pid);
  ptrace(PTRACE_SYSCALL, pid, 0, 0);
}

static void start_ticking(void) {
  struct sigaction action = {.sa_handler = on_tick};
  struct itimerval interval = {{0, kTickMs * 1000}, {0, kTickMs * 1000}};
  sigaction(SIGALRM, &action, NULL);
  setitimer(ITIMER_REAL, &interval, NULL);
}

static void usage(void) {
  fputs(
      "usage: faulter -o REPORT [-l | -p PROCESS -n CALL (-e ERRNO [-u ,NR,NR,] | -k | -K)] [-t SECONDS] [-s "
      "SETTLE_MS] "
      "-- "
      "COMMAND...\n  -l list all calls; -e make the call fail, if it is none of those after -u; -k SIGKILL "
      "the process; -K SIGKILL the "
      "command\n",
      stderr);
  exit(kBroken);
}

static char** parse(int argc, char** argv) {
  int c;
  while ((c = getopt(argc, argv, "+o:lp:n:e:u:kKt:s:")) != -1) {
    switch (c) {
      case 'o':
        options.report = optarg;
        break;
      case 'l':
        options.list = 1;
        break;
      case 'p':
        options.process = atoi(optarg);
        break;
      case 'n':
        options.call = atoi(optarg);
        break;
      case 'e':
        options.error = atoi(optarg);
        break;
      case 'u':
        options.unfailable = optarg;
        break;
      case 'k':
        options.kill_target = 1;
        break;
      case 'K':
        options.kill_main = 1;
        break;
      case 't':
        options.timeout_s = atoi(optarg);
        break;
      case 's':
        options.settle_ms = atoi(optarg);
        break;
      default:
        usage();
    }
  }
  if (!options.report || optind == argc) usage();
  if (!options.list && options.call > 0 && !options.error && !options.kill_target && !options.kill_main)
    usage();
  return argv + optind;
}

int main(int argc, char** argv) {
  char** command = parse(argc, argv);
  int gate[2];
  report = fopen(options.report, "we");
  if (!report) die(options.report);
  if (pipe2(gate, O_CLOEXEC)) die("pipe2");
  pid_t pid = start_stopped(command, gate);
  close(gate[0]);
  attach(pid);
  if (write(gate[1], "g", 1) != 1) die("write");
  close(gate[1]);
  start_ticking();
  trace();
  if (fclose(report)) die(options.report);
  return main_status >= 0 ? main_status : kBroken;
}
