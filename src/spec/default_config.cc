// SPDX-License-Identifier: Apache-2.0
// The configuration that `spec` writes as a starting point: a shell with few capabilities, the usual mounts, and what
// leaks or controls the host masked. Knows nothing of this host.
#include "estiva/spec/spec.h"

namespace estiva::spec {

namespace {

using Strings = std::vector<std::string>;

std::vector<Mount> default_mounts() {
  const auto mount = [](const char* destination, const char* type, const char* source, Strings options) {
    return Mount{destination, source, std::move(options), type, {}, {}};
  };
  return {
      mount("/proc", "proc", "proc", {"nosuid", "noexec", "nodev"}),
      mount("/dev", "tmpfs", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"}),
      mount("/dev/pts", "devpts", "devpts",
            {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"}),
      mount("/dev/shm", "tmpfs", "shm", {"nosuid", "noexec", "nodev", "mode=1777", "size=65536k"}),
      mount("/dev/mqueue", "mqueue", "mqueue", {"nosuid", "noexec", "nodev"}),
      mount("/sys", "sysfs", "sysfs", {"nosuid", "noexec", "nodev", "ro"}),
      mount("/sys/fs/cgroup", "cgroup", "cgroup", {"nosuid", "noexec", "nodev", "relatime", "ro"}),
  };
}

Process default_process() {
  // Inheritable and ambient stay empty: they would give a program of any other user these capabilities (CVE-2016-8867, CVE-2022-29162).
  const Strings granted = {"CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"};
  Process process;
  process.terminal = true;
  process.cwd = "/";
  process.env = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm"};
  process.args = {"sh"};
  process.rlimits = {{"RLIMIT_NOFILE", 1024, 1024}};
  process.capabilities.emplace();
  process.capabilities->bounding = granted;
  process.capabilities->effective = granted;
  process.capabilities->permitted = granted;
  process.no_new_privileges = true;
  return process;
}

Linux default_linux() {
  Linux config;
  for (const NamespaceType type : {NamespaceType::kPid, NamespaceType::kNetwork, NamespaceType::kIpc,
                                   NamespaceType::kUts, NamespaceType::kMount, NamespaceType::kCgroup}) {
    config.namespaces.push_back({type, ""});
  }
  DeviceRule deny_all;
  deny_all.access = "rwm";
  config.resources.emplace().devices.push_back(std::move(deny_all));
  config.masked_paths = {
      "/proc/acpi",
      "/proc/asound",
      "/proc/interrupts",
      "/proc/kcore",
      "/proc/keys",
      "/proc/latency_stats",
      "/proc/sched_debug",
      "/proc/scsi",
      "/proc/timer_list",
      "/proc/timer_stats",
      "/sys/devices/virtual/powercap",
      "/sys/firmware",
  };
  config.readonly_paths = {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"};
  return config;
}

}  // namespace

Spec default_config() {
  Spec spec;
  spec.oci_version = kVersion;
  spec.root = Root{"rootfs", true};
  spec.mounts = default_mounts();
  spec.process = default_process();
  spec.hostname = "estiva";
  spec.linux = default_linux();
  return spec;
}

Spec default_rootless_config(uint32_t uid, uint32_t gid) {
  Spec spec = default_config();
  Linux& config = *spec.linux;
  // Without privilege there is nobody to set up a network or a cgroup.
  std::erase_if(config.namespaces, [](const Namespace& ns) { return ns.type == NamespaceType::kNetwork; });
  config.namespaces.push_back({NamespaceType::kUser, ""});
  config.uid_mappings = {{0, uid, 1}};
  config.gid_mappings = {{0, gid, 1}};
  config.resources.reset();

  // sysfs belongs to the network namespace, which stays the host's: bind it, cgroup included.
  std::erase_if(spec.mounts, [](const Mount& mount) { return mount.type == "cgroup"; });
  for (Mount& mount : spec.mounts) {
    if (mount.type == "sysfs")
      mount = {"/sys", "/sys", {"rbind", "nosuid", "noexec", "nodev", "ro"}, "none", {}, {}};
    // The only group there is maps to 0.
    std::erase(mount.options, "gid=5");
  }
  return spec;
}

}  // namespace estiva::spec
