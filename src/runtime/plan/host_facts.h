// SPDX-License-Identifier: Apache-2.0
// What the plan has to know of the host, gathered once by runtime/host before planning. Plain data, so that a plan
// can be made for any host in a test.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>

#include "runtime/plan/cgroup_layout.h"

namespace estiva {

// Of the labels in the configuration. A security module that is not there can't be asked.
struct SelinuxFacts {
  bool enabled = false;
  std::map<std::string, std::string>
      labels;           // those that the loaded policy knows: given, as the kernel has them
  std::string problem;  // why none can be used although it is enabled
};

struct HostFacts {
  CgroupLayout cgroups;
  bool new_mount_api = true;  // open_tree, fsopen (Linux 5.2) and mount_setattr (5.12)
  SelinuxFacts selinux;
  bool apparmor = false;
  bool has_kcore = true;     // /proc/kcore, the target of the link /dev/core
  int last_capability = 40;  // /proc/sys/kernel/cap_last_cap
  uid_t euid = 0;
  uint64_t capabilities =
      ~uint64_t{0};  // our permitted set: what can be granted without a new user namespace
};

// What the command line adds to the bundle.
struct RunOptions {
  std::string id;
  std::string bundle;   // absolute
  bool cgroups = true;  // false: no cgroup of its own (--cgroup-manager disabled)
  bool pivot = true;
  bool new_keyring = true;
  unsigned preserve_fds = 0;
  // LISTEN_FDS was meant for this process (sd_listen_fds(3)): so many descriptors from 3 on, and their names.
  unsigned listen_fds = 0;
  std::string listen_names;
  bool detached = true;          // create, or run --detach
  bool console_socket = false;   // --console-socket was given
  std::string seccomp_receiver;  // RUN_OCI_SECCOMP_RECEIVER: the agent where nothing else names one
  std::string notify_directory;  // to be mounted for the container's NOTIFY_SOCKET; empty: none
};

}  // namespace estiva
