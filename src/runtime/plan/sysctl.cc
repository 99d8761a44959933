// SPDX-License-Identifier: Apache-2.0
// Kernel parameters: only those that belong to a namespace of the container may be set; any other would change
// the host (config-linux.md, "Sysctl"; CVE-2022-0811).
#include "runtime/plan/sysctl.h"

#include <sched.h>

#include <algorithm>

#include "estiva/base/text.h"
#include "runtime/plan/parts.h"

namespace estiva::plan {

namespace {

constexpr std::string_view kIpcSysctls[] = {
    "kernel/msgmax", "kernel/msgmnb", "kernel/msgmni",          "kernel/sem",
    "kernel/shmall", "kernel/shmmax", "kernel/shm_rmid_forced", "kernel/shmmni",
};

// "." and "/" change places where the first separator is a dot, as in sysctl(8): net.ipv4.conf.eth0/1.forwarding.
std::string slashes(const std::string& key) {
  const size_t first = key.find_first_of("./");
  if (first == std::string::npos || key[first] == '/') return key;
  std::string path = key;
  for (char& c : path) {
    if (c == '.') {
      c = '/';
    } else if (c == '/') {
      c = '.';
    }
  }
  return path;
}

bool well_formed(std::string_view path) {
  const std::vector<std::string> parts = text::split(path, '/');
  return std::ranges::none_of(
      parts, [](const std::string& part) { return part.empty() || part == "." || part == ".."; });
}

constexpr std::string_view namespace_name(uint64_t flag) {
  switch (flag) {
    case CLONE_NEWIPC:
      return "ipc";
    case CLONE_NEWNET:
      return "network";
    case CLONE_NEWUTS:
      return "uts";
    default:
      return "user";
  }
}

}  // namespace

uint64_t sysctl_owner(std::string_view path) {
  if (std::ranges::find(kIpcSysctls, path) != std::end(kIpcSysctls) || path.starts_with("fs/mqueue/"))
    return CLONE_NEWIPC;
  if (path.starts_with("net/")) return CLONE_NEWNET;
  if (path == "kernel/domainname") return CLONE_NEWUTS;
  if (path.starts_with("user/")) return CLONE_NEWUSER;
  return 0;
}

Result<std::vector<SysctlStep>> plan_sysctls(const Input& in, const Plan& plan) {
  std::vector<SysctlStep> steps;
  for (const auto& [key, value] : in.linux.sysctl) {
    std::string pointer_key;  // RFC 6901
    for (const char c : key) pointer_key += c == '/' ? "~1" : c == '~' ? "~0" : std::string(1, c);
    const std::string object = text::cat("/linux/sysctl/", pointer_key);
    std::string path = slashes(key);
    if (!well_formed(path)) return Error::invalid(object, "is no name of a kernel parameter");
    if (path == "kernel/hostname") return Error::invalid(object, "is set by /hostname");
    const uint64_t flag = sysctl_owner(path);
    if (flag == 0) return Error::invalid(object, "belongs to no namespace: it would change the host");
    if (!plan.namespaces.has(flag)) {
      return Error::invalid(
          object, text::cat("needs a ", namespace_name(flag), " namespace: it would change the host"));
    }
    if (path == "kernel/domainname" && !in.spec.domainname.empty() && in.spec.domainname != value) {
      return Error::invalid(object, "contradicts /domainname");
    }
    if (value.find('\n') != std::string::npos) return Error::invalid(object, "its value has a line break");
    steps.push_back({std::move(path), value, object});
  }
  return steps;
}

}  // namespace estiva::plan
