// SPDX-License-Identifier: Apache-2.0
// Decides the container's cgroup: its path, every file to write and its value, the device rules.
// Pure: no system call. All values of linux.resources that this host can't honour are refused here, with their
// JSON path; nothing that was asked for is dropped.
#pragma once

#include <linux/bpf.h>
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "estiva/base/error.h"
#include "runtime/plan/cgroup_layout.h"

namespace estiva {

namespace spec {
struct Resources;
struct Spec;
}  // namespace spec

// One value for one file of the cgroup.
struct CgroupFile {
  std::string controller;      // the v1 controller whose hierarchy has the file; empty: cgroup v2
  std::string file;            // its name
  std::string value;           // what one write(2) gives it
  bool optional = false;       // an absent file is no error
  std::string object;          // JSON pointer of the property
  std::string fallback_file;   // taken when `file` does not exist; empty: none
  std::string fallback_value;  // the value for it
  // Given to every directory that was made for this cgroup, topmost first: the limit of a parent bounds it.
  bool inherit = false;
  bool operator==(const CgroupFile&) const = default;
};

// One line for the v1 files devices.allow and devices.deny.
struct DeviceLine {
  bool allow = false;
  std::string line;    // "a" or "c 1:3 rwm"
  std::string object;  // JSON pointer of the rule; empty: a default device
  bool operator==(const DeviceLine&) const = default;
};

// memory.checkBeforeUpdate: the limits are refused when more is in use already. Bytes; nothing: unlimited.
struct MemoryCheck {
  std::optional<uint64_t> limit;
  std::optional<uint64_t> swap;  // v1: memory and swap together; v2: swap alone
  bool operator==(const MemoryCheck&) const = default;
};

struct CgroupPlan {
  std::string path;  // below each hierarchy's mount point: starts with "/", no "." or "..", never "/" alone
  std::vector<CgroupFile> files;
  std::optional<MemoryCheck> memory_check;
  bool check_updates = false;  // memory.checkBeforeUpdate: later limits are checked too
  bool allow_all_devices = false;
  std::vector<DeviceLine> device_lines;         // when v1 has the devices controller
  std::vector<struct bpf_insn> device_program;  // else, when there is a cgroup2 mount; empty: all is allowed
  // Who may manage the subtree from inside (config-linux.md, "Cgroup ownership"): the host's number of the
  // process's user, where the container has a cgroup namespace and a writable cgroup2 mount.
  std::optional<uid_t> owner;
  // run.oci.delegate-cgroup: the processes live in this group below `path` ("/a/b"), and it is theirs to manage. The
  // limits are those of `path`, which is the root of the cgroup namespace. Empty: they live in `path`.
  std::string delegated;
  std::optional<uid_t> delegated_owner;
};

// `id` names the cgroup when the configuration has no linux.cgroupsPath.
Result<CgroupPlan> plan_cgroup(const spec::Spec& spec, const CgroupLayout& layout, const std::string& id);

// What an update may leave as it is although it belongs together with what it changes: the files' content, empty where
// there is none.
struct CurrentLimits {
  std::string cpu_max;       // v2: quota and period in one file
  std::string memory_limit;  // memory.max or memory.limit_in_bytes
};

// New limits for a cgroup that exists. No device rules: they stay (no lines, no program).
Result<CgroupPlan> plan_cgroup_update(const spec::Resources& resources, const CgroupLayout& layout,
                                      const CurrentLimits& now);

// The parts, for the tests.
Result<std::string> plan_cgroup_path(const std::string& cgroups_path, const std::string& id);
Result<std::vector<CgroupFile>> plan_cgroup_files(const spec::Resources& resources,
                                                  const CgroupLayout& layout);

}  // namespace estiva
