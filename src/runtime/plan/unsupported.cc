// SPDX-License-Identifier: Apache-2.0
// What the configuration can ask for and this version can't do yet. Asking for it is an error: a property that is
// silently dropped is a hole. An entry leaves this file together with its implementation.
#include "runtime/plan/parts.h"

namespace estiva::plan {

namespace {

Error not_built(std::string object) {
  return Error::unsupported(std::move(object), "is not supported by this version");
}

Result<void> refuse_in_process(const spec::Process& process) {
  if (!process.apparmor_profile.empty()) return not_built("/process/apparmorProfile");
  if (!process.selinux_label.empty()) return not_built("/process/selinuxLabel");
  if (process.scheduler) return not_built("/process/scheduler");
  if (process.io_priority) return not_built("/process/ioPriority");
  if (process.exec_cpu_affinity) return not_built("/process/execCPUAffinity");
  return {};
}

}  // namespace

Result<void> refuse_unsupported(const Input& in) {
  if (in.spec.process) TRY(refuse_in_process(*in.spec.process));
  if (in.linux.intel_rdt) return not_built("/linux/intelRdt");
  if (in.linux.memory_policy) return not_built("/linux/memoryPolicy");
  if (!in.linux.net_devices.empty()) return not_built("/linux/netDevices");
  // Without SELinux in the kernel a label protects nothing; crun ignores it too.
  if (!in.linux.mount_label.empty() && in.host.selinux) return not_built("/linux/mountLabel");
  return {};
}

}  // namespace estiva::plan
