// SPDX-License-Identifier: Apache-2.0
// A container runtime of one container kind, for the self-test of the fault tests: called as "good" it
// treats every error; under any other name it has the one fault that the name says, which the fault
// tests must find. It knows `run --bundle DIR --pid-file FILE ID` and `delete [--force] ID`.
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *root, *bundle, *pid_file, *id, *fault;
static char state[4096], rootfs[4096];
static int have_state;
static pid_t init;

static int has(const char* name) { return strcmp(fault, name) == 0; }

static void undo(void) {
  if (init > 0) {
    kill(init, SIGKILL);
    while (waitpid(init, NULL, 0) < 0 && errno != ECHILD) continue;
  }
  if (have_state && !has("leaves-state")) rmdir(state);
}

static void leave_something(void) {
  if (has("leaves-mount")) mount("tmpfs", rootfs, "tmpfs", 0, NULL);
  if (has("leaves-process") && fork() == 0) {
    close(1);
    for (;;) pause();
  }
  if (has("crashes")) abort();
  if (has("says-success")) _exit(0);
}

_Noreturn static void fail(const char* what) {
  if (!has("says-nothing")) fprintf(stderr, "%s: %s\n", what, strerror(errno));
  undo();
  leave_something();
  exit(1);
}

_Noreturn static void child_fail(const char* what) {
  fprintf(stderr, "%s: %s\n", what, strerror(errno));
  _exit(1);
}

static void enter_container(void) {
  static const gid_t groups[] = {5, 6};
  if (unshare(CLONE_NEWNS | CLONE_NEWUTS)) child_fail("unshare");
  if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL)) child_fail("propagation");
  if (sethostname("bad", 3) && !has("swallows")) child_fail("sethostname");
  if (mount(rootfs, rootfs, NULL, MS_BIND, NULL)) child_fail("bind");
  if (mount(NULL, rootfs, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL) && !has("swallows"))
    child_fail("read-only");
  if (chdir(rootfs)) child_fail("rootfs");
  if (mount("proc", "proc", "proc", 0, NULL)) child_fail("proc");
  if (chroot(".")) child_fail("chroot");
  if (chdir("/work")) child_fail("work");
  if (setgroups(2, groups) && !has("swallows")) child_fail("setgroups");
  if (setgid(1001)) child_fail("setgid");
  if (setuid(1000)) child_fail("setuid");
}

static void run_init(int gate[2]) {
  char* const argv[] = {"/probe", "/masked-file", "/readonly", NULL};
  char* const envp[] = {"PATH=/", NULL};
  char go;
  if (signal(SIGPIPE, SIG_DFL) == SIG_ERR) child_fail("signal");
  if (close(gate[1])) child_fail("close");
  if (read(gate[0], &go, 1) != 1) child_fail("gate");
  enter_container();
  execve(argv[0], argv, envp);
  child_fail("execve");
}

static void write_pid_file(void) {
  FILE* f = fopen(pid_file, "we");
  if (!f) fail("pid file");
  if (fprintf(f, "%d", init) < 0) fail("pid file");
  if (fclose(f)) fail("pid file");
}

static void make_state(void) {
  if (mkdir(root, 0700) && errno != EEXIST) fail("root");
  if (mkdir(state, 0700)) {
    if (has("hangs")) pause();
    fail("state");
  }
  have_state = 1;
}

static void let_go(int gate[2]) {
  if (close(gate[0])) fail("close");
  if (write(gate[1], "g", 1) != 1) fail("gate");
  if (close(gate[1])) fail("close");
}

static int run(void) {
  int gate[2], status;
  if (snprintf(rootfs, sizeof rootfs, "%s/rootfs", bundle) >= (int)sizeof rootfs) fail("bundle");
  if (signal(SIGPIPE, SIG_IGN) == SIG_ERR) fail("signal");
  make_state();
  if (pipe2(gate, O_CLOEXEC)) fail("pipe");
  init = fork();
  if (init < 0) fail("fork");
  if (init == 0) run_init(gate);
  write_pid_file();
  let_go(gate);
  if (waitpid(init, &status, 0) < 0) fail("waitpid");
  init = 0;
  if (rmdir(state)) fail("state");
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char** argv) {
  const char* command = NULL;
  fault = strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0];
  for (int i = 1; i < argc; i++) {
    if (!strcmp(argv[i], "--force")) continue;
    if (!strncmp(argv[i], "--", 2) && i + 1 < argc) {
      if (!strcmp(argv[i], "--root")) root = argv[i + 1];
      if (!strcmp(argv[i], "--bundle")) bundle = argv[i + 1];
      if (!strcmp(argv[i], "--pid-file")) pid_file = argv[i + 1];
      i++;
    } else if (!command) {
      command = argv[i];
    } else {
      id = argv[i];
    }
  }
  if (!command || !root || !id || snprintf(state, sizeof state, "%s/%s", root, id) >= (int)sizeof state)
    return 2;
  if (!strcmp(command, "run") && bundle && pid_file) return run();
  if (!strcmp(command, "delete")) return rmdir(state) && errno != ENOENT;
  return 2;
}
