// SPDX-License-Identifier: Apache-2.0
// What is kept of a container, container.json in its directory: the options as they were given, and what followed from
// them and the image. Written at create and by the commands that change it; never by what only runs it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "estiva/base/codec.h"
#include "estiva/spec/linux.h"

namespace estiva::engine {

using Strings = std::vector<std::string>;

// `run` and `create`, as typed. Nothing is decided here.
struct ContainerOptions {
  bool interactive = false, tty = false, rm = false, read_only = false, privileged = false, init = false;
  std::string name, hostname, cidfile, entrypoint, workdir, user, network, runtime, restart, stop_signal;
  bool has_entrypoint = false;  // it may be empty, which clears the image's
  int64_t stop_timeout = 0;
  Strings env, env_file, label, publish, expose, volume, mount, tmpfs, device, cap_add, cap_drop,
      security_opt, group_add, sysctl, ulimit, add_host, dns, dns_search, dns_option, log_opt;
  std::string memory, memory_swap, memory_reservation, cpus, cpuset_cpus, cpuset_mems, shm_size, log_driver,
      pid, ipc, uts, cgroupns, userns, cgroup_parent;
  uint64_t cpu_shares = 0;
  int64_t pids_limit = 0, oom_score_adj = 0;
};

struct ContainerRecord {
  uint32_t version = 1;
  std::string id;  // 64 hexadecimal digits
  std::string name;
  std::string image;     // as it was typed
  std::string image_id;  // digest of its configuration; empty: made from a place
  int64_t created_ns = 0;
  ContainerOptions options;
  Strings args;  // of the process
  Strings env;   // of --env-file and --env, NAME=VALUE each
  std::string stop_signal;
  Strings exposed_ports;  // "80/tcp", of the image and of --expose
  std::map<std::string, std::string> labels;
  Strings runtime;  // its absolute path, then its global options
  std::vector<spec::IdMapping> uid_map,
      gid_map;  // of a user namespace of its own; it keeps them until it is removed
  uint32_t restarts = 0;
  bool stopped_by_user = false;  // no restart
  bool removing = false;         // the next command goes on with it

  bool maps_ids() const { return !uid_map.empty(); }
  std::string short_id() const { return id.substr(0, 12); }
};

}  // namespace estiva::engine

namespace estiva::codec {
template <>
std::span<const Row> rows<engine::ContainerOptions>();
template <>
std::span<const Row> rows<engine::ContainerRecord>();
}  // namespace estiva::codec
