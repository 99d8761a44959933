// SPDX-License-Identifier: Apache-2.0
// Device nodes and the links of /dev that every container has (config-linux.md, "Default Devices", "Default
// symlinks"), and those that the configuration adds.
#include <sched.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>

#include "estiva/base/text.h"
#include "runtime/plan/parts.h"

namespace estiva::plan {

namespace {

constexpr struct {
  const char* path;
  unsigned major, minor;
} kDefaultDevices[] = {
    {"/dev/null", 1, 3},   {"/dev/zero", 1, 5},    {"/dev/full", 1, 7},
    {"/dev/random", 1, 8}, {"/dev/urandom", 1, 9}, {"/dev/tty", 5, 0},
};

Result<mode_t> type_bits(const spec::Device& device, const std::string& object) {
  if (device.type == "c" || device.type == "u") return mode_t{S_IFCHR};
  if (device.type == "b") return mode_t{S_IFBLK};
  if (device.type == "p") return mode_t{S_IFIFO};
  return Error::invalid(object + "/type", text::cat(text::quote(device.type), " is none of c, b, u, p"));
}

Result<DeviceStep> plan_device(const spec::Device& device, std::string object) {
  DeviceStep step;
  if (device.path.empty() || device.path[0] != '/')
    return Error::invalid(object + "/path", "is not absolute");
  const mode_t type = TRY(type_bits(device, object));
  if (type != S_IFIFO) {
    constexpr int64_t kMaxMajor = 0xfff, kMaxMinor = 0xfffff;  // MINORBITS is 20
    if (!device.major) return Error::invalid(object + "/major", "is required");
    if (!device.minor) return Error::invalid(object + "/minor", "is required");
    if (*device.major < 0 || *device.major > kMaxMajor)
      return Error::invalid(object + "/major", "is out of range");
    if (*device.minor < 0 || *device.minor > kMaxMinor)
      return Error::invalid(object + "/minor", "is out of range");
    step.device = makedev(static_cast<unsigned>(*device.major), static_cast<unsigned>(*device.minor));
  }
  if (device.file_mode.value_or(0) > 07777) return Error::invalid(object + "/fileMode", "is above 07777");
  step.path = device.path;
  step.mode = type | (device.file_mode.value_or(0666) & 07777);
  step.uid = device.uid.value_or(0);
  step.gid = device.gid.value_or(0);
  step.object = std::move(object);
  return step;
}

}  // namespace

// By the destinations as planned: however a bind on /dev is spelled, what it brings is the host's and stays as it is.
bool owns_dev(const Plan& plan) {
  return std::ranges::none_of(plan.rootfs.mounts, [](const MountEntry& entry) {
    return entry.mount.kind == MountKind::kBind && entry.mount.destination == "/dev";
  });
}

Result<std::vector<DeviceStep>> plan_devices(const Input& in, const Plan& plan) {
  std::vector<DeviceStep> steps;
  if (owns_dev(plan)) {
    for (const auto& device : kDefaultDevices) {
      DeviceStep step;
      step.object = "default devices";
      step.path = device.path;
      step.mode = S_IFCHR | 0666;
      step.device = makedev(device.major, device.minor);
      steps.push_back(std::move(step));
    }
  }
  for (size_t i = 0; i < in.linux.devices.size(); ++i) {
    DeviceStep step = TRY(plan_device(in.linux.devices[i], text::cat("/linux/devices/", i)));
    const auto same = std::ranges::find(steps, step.path, &DeviceStep::path);
    if (same == steps.end()) {
      steps.push_back(std::move(step));
    } else {
      *same = std::move(step);
    }
  }
  for (DeviceStep& step : steps) step.bind = plan.namespaces.has(CLONE_NEWUSER) && !S_ISFIFO(step.mode);
  return steps;
}

std::vector<LinkStep> plan_device_links(const Input& in, const Plan& plan) {
  if (!owns_dev(plan)) return {};
  std::vector<LinkStep> links = {
      {"/dev/fd", "/proc/self/fd"},       {"/dev/stdin", "/proc/self/fd/0"},
      {"/dev/stdout", "/proc/self/fd/1"}, {"/dev/stderr", "/proc/self/fd/2"},
      {"/dev/ptmx", "pts/ptmx", true},
  };
  if (in.host.has_kcore) links.push_back({"/dev/core", "/proc/kcore"});
  return links;
}

}  // namespace estiva::plan
