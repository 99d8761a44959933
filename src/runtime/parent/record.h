// SPDX-License-Identifier: Apache-2.0
// What is remembered of a container between commands: one versioned document in its state directory. A command
// needs nothing else, so the bundle may change or go. A newer version keeps the names of an older one.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "estiva/spec/spec.h"
#include "estiva/spec/state.h"
#include "runtime/cgroup/record.h"

namespace estiva {

// The container's groups of the resctrl file system.
struct ResctrlRecord {
  std::string group;    // absolute; empty: none
  bool made = false;    // by us
  bool shared = false;  // others may have joined it
  std::string monitor;  // absolute, made by us; empty: none
  bool operator==(const ResctrlRecord&) const = default;
};

// 2: with it goes the file of exec_defaults.h.
inline constexpr uint32_t kRecordVersion = 2;

struct Record {
  uint32_t version = kRecordVersion;
  std::string id;
  std::string oci_version;
  std::string bundle;
  std::string rootfs;
  std::map<std::string, std::string> annotations;
  int64_t created = 0;  // seconds since the epoch
  uint32_t owner = 0;   // uid that made it
  int32_t pid = 0;      // of the init; 0 until it is set up
  uint64_t start_time =
      0;  // of that process, proc(5) stat field 22: tells it from a later one with its number
  bool own_pid_namespace = false;
  bool own_mount_namespace = false;
  std::vector<std::string> mounts_before;  // below rootfs, where the container's mounts are the host's
  bool has_process = false;                // a program to start
  bool check_memory = false;               // memory.checkBeforeUpdate holds for later updates too
  cgroup::CgroupRecord cgroup;
  ResctrlRecord resctrl;
  std::string seccomp_listener, seccomp_metadata;  // the agent's socket, with SCMP_ACT_NOTIFY
  spec::Hooks hooks;                               // those still to come: poststart, poststop
};

std::string to_json(const Record& record);
Result<Record> load_record(std::string_view text);

// The state document of the specification. `status` and `pid` are what the caller has found out.
spec::State make_state(const Record& record, spec::Status status);

}  // namespace estiva
