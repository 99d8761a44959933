// SPDX-License-Identifier: Apache-2.0
// What the parent hands to the init, or to exec: the plan, and every descriptor that must be opened outside. The child
// gets it by fork; only the filter is sent.
#pragma once

#include <linux/filter.h>

#include <string>
#include <vector>

#include "estiva/base/fd.h"
#include "estiva/base/root_dir.h"
#include "runtime/plan/plan.h"
#include "runtime/sync/protocol.h"

namespace estiva::child {

// The state document that hooks read, cut where the process id stands: only the child knows it.
struct HookState {
  std::string before_pid, after_pid;
};

struct Context {
  const Plan& plan;

  // Opened by the parent.
  Fd rootfs_tree;  // detached copy of the root file system's mounts; invalid with the old mount API
  // By index of plan.rootfs.mounts: detached trees of the bind sources; with the old mount API paths, or none.
  std::vector<Fd> mount_sources;
  std::vector<Fd> device_sources;  // by index of plan.rootfs.devices: detached host nodes
  std::vector<Fd> namespaces;      // by index of plan.namespaces.join
  std::vector<Fd> cgroup_tasks;    // v1: the child writes "0" to each
  Fd host_proc;                    // the host's procfs, verified; only where something is written to it
  Fd null_tree;                    // detached /dev/null of the host, for masks
  Fd console_socket;               // connected; takes the terminal
  Fd start_socket;                 // listening; `start` connects to it
  Fd pidfd_socket;                 // the parent's
  Fd start_lock;                   // holds a read lock until the program runs
  // The init gets the filter itself when it is ready: it is compiled meanwhile.
  bool filtered = false;
  std::vector<sock_filter> filter;
  unsigned filter_flags = 0;
  HookState creating, created;    // for createContainer and startContainer hooks
  Fd hooks_stdout, hooks_stderr;  // where their output goes; invalid: into the error, if there is one
  // Of exec: the container's init.
  Fd target_pidfd;
  Fd target_proc;  // /proc/PID
  Fd target_root;  // where it is not the root of the mount namespace

  // Made on the way.
  bool joined = false;           // the namespaces are
  bool entered = false;          // the root is: paths are the container's, /proc too
  RootDir root{Fd()};            // the container's root, before and after it is entered
  Fd terminal;                   // the container's side of it
  std::string program;           // what is executed: found on the container's PATH
  std::vector<std::string> env;  // of the program
};

}  // namespace estiva::child
