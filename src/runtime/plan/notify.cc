// SPDX-License-Identifier: Apache-2.0
// The mount and the variable of NOTIFY_SOCKET.
#include "runtime/plan/notify.h"

#include <sched.h>
#include <sys/mount.h>

#include "estiva/base/text.h"

namespace estiva::plan {

namespace {

constexpr const char* kMountPoint = "/run/notify";
constexpr std::string_view kVariable = "NOTIFY_SOCKET=";

}  // namespace

bool has_notify(const RunOptions& options, const spec::Spec& spec, const Plan& plan) {
  return !options.notify_directory.empty() && spec.process && plan.namespaces.creates(CLONE_NEWNS);
}

MountStep notify_mount(const RunOptions& options) {
  MountStep step;
  step.object = "NOTIFY_SOCKET";
  step.kind = MountKind::kBind;
  step.destination = kMountPoint;
  step.source = options.notify_directory;
  step.set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
  return step;
}

void tell_notify(std::vector<std::string>& env) {
  std::erase_if(env, [](const std::string& entry) { return entry.starts_with(kVariable); });
  env.push_back(text::cat(kVariable, kMountPoint, "/", kNotifySocket));
}

}  // namespace estiva::plan
