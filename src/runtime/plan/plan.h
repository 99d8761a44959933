// SPDX-License-Identifier: Apache-2.0
// The Plan: everything that create and run will do, decided. Names are numbers, defaults are filled in, every
// refusal has happened. Plain data; the parent and, after the fork, the child only carry it out.
// `object` members are JSON pointers into config.json, for the errors of the step.
#pragma once

#include <linux/filter.h>
#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "estiva/spec/spec.h"
#include "runtime/plan/cgroup.h"
#include "runtime/plan/host_facts.h"
#include "runtime/plan/number_list.h"

namespace estiva {

struct NamespaceJoin {
  uint64_t flag;  // CLONE_NEW*
  std::string path;
  std::string object;
};

struct NamespacePlan {
  uint64_t create = 0;  // CLONE_NEW* of the new ones
  std::vector<NamespaceJoin> join;
  std::string uid_map, gid_map;  // content of /proc/PID/uid_map; empty without a new user namespace
  std::string time_offsets;      // content of /proc/self/timens_offsets

  bool creates(uint64_t flag) const { return (create & flag) != 0; }
  const NamespaceJoin* joins(uint64_t flag) const;
  // The container is apart from the runtime in this kind, be it new or joined.
  bool has(uint64_t flag) const { return creates(flag) || joins(flag) != nullptr; }
};

struct FsOption {
  std::string key;
  std::string value;
  bool has_value = false;
};

// The ids of an id-mapped mount (mount_setattr(2)), as the uid_map and gid_map of a user namespace.
struct MountIdMap {
  std::string object;
  bool recursive = false;
  std::string uid_map, gid_map;  // empty: those of the user namespace that is joined
};

enum class MountKind { kFilesystem, kBind, kRemount, kPropagation };

// One mount, as the options say it. Attributes are MOUNT_ATTR_* (mount_setattr(2)); flags are MS_* (mount(2)).
// Who opens the source of a bind mount: the parent, before there is a child; the child, in its turn; or the parent,
// and the child copies it in its turn.
enum class BindOpening { kParent, kChild, kParentThenCopy };

struct MountStep {
  std::string object;
  MountKind kind = MountKind::kFilesystem;
  std::string destination;
  std::string source;
  std::string type;
  bool recursive = false;       // rbind
  uint64_t set = 0, clear = 0;  // of the mount itself
  uint64_t recursive_set = 0, recursive_clear = 0;
  std::vector<unsigned long> propagation;  // MS_SHARED, MS_SLAVE | MS_REC, ... in the order of the options
  unsigned long superblock_flags = 0;  // MS_SYNCHRONOUS and the like: of the file system, not of the mount
  unsigned long superblock_clear = 0;
  std::vector<FsOption> options;  // for the file system
  std::optional<MountIdMap> id_map;
  BindOpening opening = BindOpening::kParent;
  bool refuse_links = false;     // /proc and /sys: their path must have no symbolic link (CVE-2019-19921)
  bool old_api_only = false;     // has a flag that only mount(2) knows (silent, iversion)
  bool mode_of_target = false;   // tmpfs without mode=: takes the mode of the directory that it covers
  bool copy_up = false;          // tmpfs: starts with a copy of what is in the directory that it covers
  bool owner_of_target = false;  // with copy_up, without uid= and gid=: has the owner of that directory
  std::string label;             // SELinux label of its root where the file system takes none as an option
  bool binds_host = false;   // where a user namespace is refused a new one, the host's is bound, read-only
  bool source_link = false;  // a source that is a symbolic link is bound itself
  bool target_link = false;  // a destination that is a symbolic link is covered itself
  bool copy_link = false;    // a source that is a symbolic link is copied
};

// A step below the root file system, in the order of the configuration.
struct LinkStep {
  std::string path;
  std::string target;
  bool replace = false;  // /dev/ptmx: what is there gives way
};

struct MountEntry {
  MountStep mount;
  std::vector<LinkStep> links;  // made after the mount (v1: cpu -> cpu,cpuacct)
};

struct DeviceStep {
  std::string object;
  std::string path;
  mode_t mode = 0;  // type and permission
  dev_t device = 0;
  uid_t uid = 0;
  gid_t gid = 0;
  bool bind = false;  // bound from the host: mknod(2) is not for user namespaces
};

struct RootfsPlan {
  std::string path;  // absolute
  bool readonly = false;
  bool pivot = true;
  unsigned long propagation = 0;  // of the new root, MS_*; 0: leave
  std::vector<MountEntry> mounts;
  std::vector<DeviceStep> devices;
  std::vector<LinkStep> links;
  std::vector<std::string> masked_paths;
  std::vector<std::string> readonly_paths;
  std::optional<FsOption> mount_context;  // SELinux label of the file systems that are made
};

struct NetDeviceStep {
  std::string object;
  std::string host_name;
  std::string name;          // in the container
  bool is_template = false;  // name is "eth%d"
};

// A group of the resctrl file system (Intel RDT).
struct RdtStep {
  std::string group;  // directory below the mount point; empty: the root group
  bool may_make = false;
  bool must_make = false;  // it is the container's own: another's of that name is an error
  std::string schemata;    // lines that the group is given if it is made, or has to have; empty: none
  std::string monitor;     // directory in its mon_groups; empty: none
};

struct SysctlStep {
  std::string path;  // below /proc/sys, with slashes
  std::string value;
  std::string object;
};

struct RlimitStep {
  int resource;
  uint64_t soft, hard;
  std::string object;
  std::string name;  // "RLIMIT_NOFILE"
};

// Bit n is capability n (capabilities(7)).
struct CapabilitySets {
  uint64_t bounding = 0, effective = 0, permitted = 0, inheritable = 0, ambient = 0;
};

// sched_setattr(2), with the kernel's numbers. Times in nanoseconds.
struct SchedulerStep {
  uint32_t policy = 0;
  uint64_t flags = 0;
  int32_t nice = 0;
  uint32_t priority = 0;
  uint64_t runtime = 0, deadline = 0, period = 0;
};

// set_mempolicy(2)
struct MemoryPolicyStep {
  int mode = 0;  // with its flags
  NumberSet nodes;
};

// The CPUs of a process that exec starts, before and after it joins the cgroup; empty: none are asked for.
struct ExecCpus {
  NumberSet initial, final;
};

struct ProcessPlan {
  bool terminal = false;
  std::optional<spec::ConsoleSize> console_size;
  std::string cwd;
  std::vector<std::string> args;
  std::vector<std::string> env;
  bool home_missing = false;  // HOME is then taken from the container's /etc/passwd
  bool listens = false;       // LISTEN_PID is then the process's own number (sd_listen_fds(3))
  uid_t uid = 0;
  gid_t gid = 0;
  std::optional<uid_t> host_uid;  // the host's number of uid; absent where a joined user namespace decides
  std::vector<gid_t> additional_gids;
  bool set_groups = true;  // false where the user namespace denies setgroups(2)
  mode_t umask = 022;
  CapabilitySets capabilities;
  bool no_new_privileges = false;
  std::optional<int> oom_score_adj;
  std::vector<RlimitStep> rlimits;
  std::optional<unsigned long> personality;
  std::optional<SchedulerStep> scheduler;
  std::optional<int> io_priority;  // ioprio_set(2): class and level
  std::optional<MemoryPolicyStep> memory_policy;
  std::string apparmor_profile;
  std::string selinux_label;  // as the kernel has it
  ExecCpus exec_cpus;         // not of the init (config.md)
  unsigned preserve_fds = 0;  // LISTEN_FDS and --preserve-fds together, from 3 on
};

struct SeccompPlan {
  spec::Seccomp profile;             // checked; compiled by the parent
  std::vector<sock_filter> program;  // not empty: loaded as it is, and the profile's rules count for nothing
  bool known_calls = false;          // a name that libseccomp does not know is an error
  std::string agent_object;          // who names the agent, where the profile has a path to one
};

// What a container keeps of its configuration for the processes that join it later (exec). In the terms of the document,
// so that a property of a process is kept without being named here.
struct ExecDefaults {
  std::optional<spec::Process> process;  // without args
  spec::Linux linux;                     // what holds for every process of the container
  bool new_keyring = true;
  bool operator==(const ExecDefaults&) const = default;
};

struct Plan {
  std::string id;
  std::string bundle;
  std::string oci_version;
  std::map<std::string, std::string> annotations;
  NamespacePlan namespaces;
  CgroupLayout cgroup_layout;  // where cgroup is made
  CgroupPlan cgroup;
  bool new_mount_api = true;
  RootfsPlan rootfs;
  std::string hostname, domainname;
  std::vector<SysctlStep> sysctls;
  bool new_keyring = true;
  std::optional<ProcessPlan> process;  // absent: create works, start does not (runtime.md)
  std::optional<SeccompPlan> seccomp;
  std::vector<NetDeviceStep> net_devices;
  std::optional<RdtStep> rdt;
  spec::Hooks hooks;
  ExecDefaults exec;
  std::vector<std::string> warnings;
};

// Errors: Code::kInvalid and Code::kUnsupported with the JSON pointer of the property.
Result<Plan> make_plan(const spec::Spec& spec, const HostFacts& host, const RunOptions& options);

// The plan as text, one step a line, for `estiva plan` and the golden tests.
std::string to_text(const Plan& plan);

}  // namespace estiva
