// SPDX-License-Identifier: Apache-2.0
//
// floor ROOTFS ETC CGROUP FILTER PROGRAM [ARGUMENT]
//
// Not a runtime: the system calls that no runtime can leave out to run the
// benchmark's container once, with nothing read but a ready seccomp filter and
// nothing kept.  It reads no config.json, records no state and does not protect
// its own binary.  The tables repeat what bundle.py writes; the payload's checks
// fail if they drift apart.
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/mount.h>
#include <linux/prctl.h>
#include <linux/resource.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <linux/stat.h>

#include "sys.h"

enum { SIGCHLD_IS = 17, MNT_DETACH_IS = 2, CLOSE_REST_CLOEXEC = 4, MAX_FILTER = 4096 };

static const char *rootfs, *etc, *cgroup;
static char** program;
static struct sock_filter filter[MAX_FILTER];
static struct sock_fprog filter_program = {0, filter};

static long must(const char* what, long result) {
  if (result >= 0) return result;
  char number[] = ": errno 000\n";
  for (long i = 10, e = -result; i > 7; i--, e /= 10) number[i] = (char)('0' + e % 10);
  SYS(write, 2, what, length(what));
  SYS(write, 2, number, sizeof number - 1);
  SYS(exit_group, 111);
  return result;
}
#define MUST(...) must(#__VA_ARGS__, SYS(__VA_ARGS__))

static void join(char* to, const char* directory, const char* name) {
  size_t n = length(directory);
  memcpy(to, directory, n);
  to[n] = '/';
  memcpy(to + n + 1, name, length(name) + 1);
}

// --- device rules, as arithmetic: the verifier walks every branch of a chain of tests

enum { R_RESULT = 0, R_ACCESS = 2, R_DIFFERENCE = 3, R_MAJOR = 4, R_MINOR = 5, R_TYPE = 6, R_SCRATCH = 7 };
static struct bpf_insn device_program[160];
static int device_instructions;

static void emit(int code, int to, int from, int offset, int value) {
  device_program[device_instructions++] = (struct bpf_insn){
      .code = (uint8_t)code, .dst_reg = to & 15, .src_reg = from & 15, .off = (int16_t)offset, .imm = value};
}

// Adds the difference of a register and a value to the rule's difference.
static void emit_compare(int from, int value) {
  emit(BPF_ALU64 | BPF_MOV | BPF_X, R_SCRATCH, from, 0, 0);
  emit(BPF_ALU64 | BPF_XOR | BPF_K, R_SCRATCH, 0, 0, value);
  emit(BPF_ALU64 | BPF_OR | BPF_X, R_DIFFERENCE, R_SCRATCH, 0, 0);
}

static void emit_rule(int type, int major, int minor, int access) {
  enum { ALL_ACCESS = 7, ACCESS_SHIFT = 16, ANY = -1 };
  emit(BPF_ALU64 | BPF_MOV | BPF_K, R_DIFFERENCE, 0, 0, 0);
  emit_compare(R_TYPE, type);
  if (access != ALL_ACCESS) {
    emit(BPF_ALU64 | BPF_MOV | BPF_X, R_SCRATCH, R_ACCESS, 0, 0);
    emit(BPF_ALU64 | BPF_AND | BPF_K, R_SCRATCH, 0, 0, (~access & ALL_ACCESS) << ACCESS_SHIFT);
    emit(BPF_ALU64 | BPF_OR | BPF_X, R_DIFFERENCE, R_SCRATCH, 0, 0);
  }
  if (major != ANY) emit_compare(R_MAJOR, major);
  if (minor != ANY) emit_compare(R_MINOR, minor);
  // No difference borrows into the top bit.
  emit(BPF_ALU64 | BPF_SUB | BPF_K, R_DIFFERENCE, 0, 0, 1);
  emit(BPF_ALU64 | BPF_RSH | BPF_K, R_DIFFERENCE, 0, 0, 63);
  emit(BPF_ALU64 | BPF_OR | BPF_X, R_RESULT, R_DIFFERENCE, 0, 0);
}

static void make_device_program(void) {
  enum { BLOCK = BPF_DEVCG_DEV_BLOCK, CHARACTER = BPF_DEVCG_DEV_CHAR, ANY = -1, MKNOD = 1, ALL = 7 };
  static const int rules[][4] = {
      {CHARACTER, 1, 5, ALL},       {CHARACTER, 1, 3, ALL},    {CHARACTER, 1, 9, ALL},
      {CHARACTER, 1, 8, ALL},       {CHARACTER, 5, 0, ALL},    {CHARACTER, 5, 1, ALL},
      {CHARACTER, ANY, ANY, MKNOD}, {BLOCK, ANY, ANY, MKNOD},  {CHARACTER, 136, ANY, ALL},
      {CHARACTER, 5, 2, ALL},       {CHARACTER, 10, 200, ALL},
  };
  emit(BPF_LDX | BPF_MEM | BPF_W, R_ACCESS, 1, 0, 0);
  emit(BPF_LDX | BPF_MEM | BPF_W, R_MAJOR, 1, 4, 0);
  emit(BPF_LDX | BPF_MEM | BPF_W, R_MINOR, 1, 8, 0);
  emit(BPF_ALU64 | BPF_MOV | BPF_X, R_TYPE, R_ACCESS, 0, 0);
  emit(BPF_ALU64 | BPF_AND | BPF_K, R_TYPE, 0, 0, 0xffff);
  emit(BPF_ALU64 | BPF_MOV | BPF_K, R_RESULT, 0, 0, 0);
  for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
    emit_rule(rules[i][0], rules[i][1], rules[i][2], rules[i][3]);
  emit(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

static void attach_device_program(long cgroup_fd) {
  union bpf_attr load = {.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE};
  make_device_program();
  load.insns = (uintptr_t)device_program;
  load.insn_cnt = (unsigned)device_instructions;
  load.license = (uintptr_t) "Apache-2.0";
  long fd = MUST(bpf, BPF_PROG_LOAD, &load, sizeof load);
  union bpf_attr attach = {.target_fd = (unsigned)cgroup_fd};
  attach.attach_bpf_fd = (unsigned)fd;
  attach.attach_type = BPF_CGROUP_DEVICE;
  MUST(bpf, BPF_PROG_ATTACH, &attach, sizeof attach);
  SYS(close, fd);
}

// --- the container's file systems; the working directory is its root until pivot_root

static void mount_file_systems(void) {
  enum { SAFE = MS_NOSUID | MS_NODEV | MS_NOEXEC };
  MUST(mount, "proc", "proc", "proc", SAFE, 0);
  MUST(mount, "tmpfs", "dev", "tmpfs", MS_NOSUID | MS_STRICTATIME, "mode=755,size=65536k");
  MUST(mkdir, "dev/pts", 0755);
  MUST(mkdir, "dev/mqueue", 0755);
  MUST(mkdir, "dev/shm", 0755);
  MUST(mount, "devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC,
       "newinstance,ptmxmode=0666,mode=0620,gid=5");
  MUST(mount, "sysfs", "sys", "sysfs", SAFE | MS_RDONLY, 0);
  MUST(mount, "cgroup", "sys/fs/cgroup", "cgroup2", SAFE | MS_RDONLY, 0);
  MUST(mount, "mqueue", "dev/mqueue", "mqueue", SAFE, 0);
  MUST(mount, "shm", "dev/shm", "tmpfs", SAFE, "mode=1777,size=67108864");
}

static void bind_etc_files(void) {
  static const char* const names[] = {"hostname", "hosts", "resolv.conf"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    char from[512], to[64];
    join(from, etc, names[i]);
    join(to, "etc", names[i]);
    MUST(mount, from, to, 0, MS_BIND | MS_REC, 0);
    MUST(mount, 0, to, 0, MS_PRIVATE | MS_REC, 0);
  }
}

static void make_devices(void) {
  static const struct {
    const char* path;
    int major, minor;
  } nodes[] = {{"dev/null", 1, 3}, {"dev/zero", 1, 5},   {"dev/full", 1, 7},
               {"dev/tty", 5, 0},  {"dev/random", 1, 8}, {"dev/urandom", 1, 9}};
  static const char* const links[][2] = {{"/proc/self/fd", "dev/fd"},       {"/proc/self/fd/0", "dev/stdin"},
                                         {"/proc/self/fd/1", "dev/stdout"}, {"/proc/self/fd/2", "dev/stderr"},
                                         {"pts/ptmx", "dev/ptmx"},          {"/proc/kcore", "dev/core"}};
  for (size_t i = 0; i < sizeof nodes / sizeof nodes[0]; i++)
    MUST(mknod, nodes[i].path, S_IFCHR | 0666, nodes[i].major << 8 | nodes[i].minor);
  for (size_t i = 0; i < sizeof links / sizeof links[0]; i++) MUST(symlink, links[i][0], links[i][1]);
}

static void mask_paths(void) {
  static const char* const paths[] = {"proc/acpi",        "proc/asound",  "proc/interrupts",
                                      "proc/kcore",       "proc/keys",    "proc/latency_stats",
                                      "proc/sched_debug", "proc/scsi",    "proc/timer_list",
                                      "proc/timer_stats", "sys/firmware", "sys/devices/virtual/powercap"};
  for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
    struct statx st;
    if (SYS(statx, AT_FDCWD, paths[i], 0, STATX_TYPE, &st) < 0) continue;
    if ((st.stx_mode & S_IFMT) == S_IFDIR)
      MUST(mount, "tmpfs", paths[i], "tmpfs", MS_RDONLY, "nr_blocks=1,nr_inodes=1");
    else
      MUST(mount, "dev/null", paths[i], 0, MS_BIND, 0);
  }
}

static void make_paths_read_only(void) {
  static const char* const paths[] = {"proc/bus", "proc/fs", "proc/irq", "proc/sys", "proc/sysrq-trigger"};
  enum { READ_ONLY_AGAIN = MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC };
  for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
    if (SYS(mount, paths[i], paths[i], 0, MS_BIND | MS_REC, 0) >= 0)
      MUST(mount, 0, paths[i], 0, READ_ONLY_AGAIN, 0);
}

// --- identity

static void drop_privileges(void) {
  static const int kept[] = {0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 27, 29, 31};
  uint64_t set = 0;
  for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) set |= 1ULL << kept[i];
  for (int cap = 0; cap <= CAP_LAST_CAP; cap++)
    if (!(set >> cap & 1)) MUST(prctl, PR_CAPBSET_DROP, cap, 0, 0, 0);
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2] = {{(uint32_t)set, (uint32_t)set, 0}, {set >> 32, set >> 32, 0}};
  MUST(capset, &header, data);
  MUST(prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  MUST(seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter_program);
}

__attribute__((used, noreturn)) static void inside(void) {
  static const uint64_t files[2] = {1024, 1024};
  static char* environment[] = {"PATH=/bin", NULL};
  MUST(unshare, CLONE_NEWCGROUP);
  MUST(mount, 0, "/", 0, MS_REC | MS_SLAVE, 0);
  MUST(mount, rootfs, rootfs, 0, MS_BIND | MS_REC, 0);
  MUST(chdir, rootfs);
  mount_file_systems();
  make_devices();
  bind_etc_files();
  MUST(pivot_root, ".", ".");
  MUST(umount2, ".", MNT_DETACH_IS);
  MUST(chdir, "/");
  mask_paths();
  make_paths_read_only();
  MUST(sethostname, "bench", 5);
  MUST(setsid);
  MUST(prlimit64, 0, RLIMIT_NOFILE, files, 0);
  MUST(close_range, 3, ~0U, CLOSE_REST_CLOEXEC);
  SYS(umask, 022);
  MUST(setgroups, 0, 0);
  drop_privileges();
  MUST(execve, program[0], program, environment);
  __builtin_unreachable();
}

// --- the host's side

// The child shares the memory and has a stack of its own; the parent sleeps
// until the exec (CLONE_VFORK).
static long spawn(long cgroup_fd) {
  static char stack[32768] __attribute__((aligned(16)));
  struct clone_args args = {.exit_signal = SIGCHLD_IS};
  args.flags = CLONE_VM | CLONE_VFORK | CLONE_INTO_CGROUP | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC |
               CLONE_NEWUTS | CLONE_NEWNET;
  args.cgroup = (uint64_t)cgroup_fd;
  args.stack = (uintptr_t)stack;
  args.stack_size = sizeof stack;
  long pid;
  __asm__ volatile("syscall\n\ttest %%rax, %%rax\n\tjnz 1f\n\tcall inside\n1:"
                   : "=a"(pid)
                   : "0"(__NR_clone3), "D"(&args), "S"(sizeof args)
                   : "rcx", "r11", "memory");
  return must("clone3", pid);
}

static void read_filter(const char* path) {
  long fd = MUST(openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
  filter_program.len = (unsigned short)(MUST(read, fd, filter, sizeof filter) / (long)sizeof filter[0]);
  SYS(close, fd);
}

__attribute__((used)) static void start(long* stack) {
  char** argv = (char**)(stack + 1);
  if (stack[0] < 6) SYS(exit_group, 2);
  rootfs = argv[1], etc = argv[2], cgroup = argv[3], program = argv + 5;
  read_filter(argv[4]);
  SYS(umask, 0);
  MUST(mkdir, cgroup, 0755);
  long cgroup_fd = MUST(openat, AT_FDCWD, cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
  attach_device_program(cgroup_fd);
  int status;
  MUST(wait4, spawn(cgroup_fd), &status, 0, 0);
  MUST(rmdir, cgroup);
  SYS(exit_group, status & 0x7f ? 128 + (status & 0x7f) : status >> 8);
}
ENTRY(start);
