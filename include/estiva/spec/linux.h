// SPDX-License-Identifier: Apache-2.0
// The `linux` object of the OCI configuration (config-linux.md) as plain data.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "estiva/spec/resources.h"
#include "estiva/spec/seccomp.h"

namespace estiva::spec {

enum class NamespaceType : uint8_t { kPid, kNetwork, kMount, kIpc, kUts, kUser, kCgroup, kTime };

// The names, in the order of the values.
inline constexpr std::string_view kNamespaceTypeNames[] = {"pid", "network", "mount",  "ipc",
                                                           "uts", "user",    "cgroup", "time"};
constexpr std::span<const std::string_view> enum_names(NamespaceType) { return kNamespaceTypeNames; }

// The name of a value of any enum of this namespace that has names.
template <typename E>
constexpr std::string_view name(E value) {
  return enum_names(value)[static_cast<size_t>(value)];
}

struct Namespace {
  NamespaceType type = NamespaceType::kPid;
  std::string path;  // empty: a new one
  bool operator==(const Namespace&) const = default;
};

struct IdMapping {
  uint32_t container_id = 0;
  uint32_t host_id = 0;
  uint32_t size = 0;
  bool operator==(const IdMapping&) const = default;
};

struct TimeOffset {
  int64_t secs = 0;
  uint32_t nanosecs = 0;
  bool operator==(const TimeOffset&) const = default;
};

struct Device {
  std::string type;  // c, b, u or p
  std::string path;
  std::optional<int64_t> major;  // required unless type is p
  std::optional<int64_t> minor;
  std::optional<uint32_t> file_mode;
  std::optional<uint32_t> uid;
  std::optional<uint32_t> gid;
  bool operator==(const Device&) const = default;
};

struct NetDevice {
  std::string name;  // inside the container; empty: as on the host
  bool operator==(const NetDevice&) const = default;
};

struct IntelRdt {
  std::string clos_id;
  std::vector<std::string> schemata;
  std::string l3_cache_schema;
  std::string mem_bw_schema;
  bool enable_monitoring = false;
  bool operator==(const IntelRdt&) const = default;
};

// set_mempolicy(2).
struct MemoryPolicy {
  std::string mode;                // MPOL_*
  std::string nodes;               // "0-3,7"
  std::vector<std::string> flags;  // MPOL_F_*
  bool operator==(const MemoryPolicy&) const = default;
};

struct Personality {
  std::string domain;  // LINUX or LINUX32
  std::vector<std::string> flags;
  bool operator==(const Personality&) const = default;
};

struct Linux {
  std::vector<Namespace> namespaces;
  std::vector<IdMapping> uid_mappings;
  std::vector<IdMapping> gid_mappings;
  std::map<std::string, TimeOffset> time_offsets;  // by clock: monotonic, boottime
  std::vector<Device> devices;
  std::map<std::string, NetDevice> net_devices;  // by the host's name
  std::string cgroups_path;
  std::optional<Resources> resources;
  std::optional<IntelRdt> intel_rdt;
  std::optional<MemoryPolicy> memory_policy;
  std::map<std::string, std::string> sysctl;
  std::optional<Seccomp> seccomp;
  std::string rootfs_propagation;
  std::vector<std::string> masked_paths;
  std::vector<std::string> readonly_paths;
  std::string mount_label;
  std::optional<Personality> personality;
  bool operator==(const Linux&) const = default;
};

}  // namespace estiva::spec
