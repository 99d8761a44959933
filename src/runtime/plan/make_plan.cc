// SPDX-License-Identifier: Apache-2.0
// make_plan: the order of the parts, and the checks of the document's top level.
#include <sched.h>

#include "estiva/base/text.h"
#include "runtime/plan/annotations.h"
#include "runtime/plan/notify.h"
#include "runtime/plan/parts.h"

namespace estiva {

namespace plan {

namespace {

Result<void> check_version(const std::string& version) {
  const std::vector<std::string> parts = text::split(version.substr(0, version.find_first_of("-+")), '.');
  bool numbers = parts.size() == 3;
  for (const std::string& part : parts) numbers = numbers && text::number<unsigned>(part).has_value();
  if (!numbers)
    return Error::invalid("/ociVersion", text::cat(text::quote(version), " is no semantic version"));
  if (parts[0] != "1") {
    return Error::unsupported("/ociVersion", text::cat("version ", version, " is not supported"))
        .hint(text::cat("versions 1.0.0 to ", spec::kVersion, " are"));
  }
  return {};
}

Result<void> check_hostname(const Input& in, const NamespacePlan& namespaces) {
  constexpr size_t kMaxName = 64;  // __NEW_UTS_LEN
  const struct {
    const char* object;
    const std::string& name;
  } names[] = {{"/hostname", in.spec.hostname}, {"/domainname", in.spec.domainname}};
  for (const auto& [object, name] : names) {
    if (name.empty()) continue;
    if (name.size() > kMaxName) return Error::invalid(object, "is longer than 64 bytes");
    if (!namespaces.has(CLONE_NEWUTS)) {
      return Error::invalid(object, "needs a uts namespace")
          .hint("add {\"type\": \"uts\"} to /linux/namespaces");
    }
  }
  return {};
}

}  // namespace

}  // namespace plan

Result<Plan> make_plan(const spec::Spec& spec, const HostFacts& host, const RunOptions& options) {
  static const spec::Linux kNoLinux;
  const plan::Input in{spec, spec.linux ? *spec.linux : kNoLinux, host, options};
  TRY(plan::check_version(spec.oci_version));
  TRY(annotations::check(spec));

  Plan plan;
  plan.id = options.id;
  plan.bundle = options.bundle;
  plan.oci_version = spec.oci_version;
  plan.annotations = spec.annotations;
  plan.new_mount_api = host.new_mount_api;
  plan.new_keyring = options.new_keyring;
  plan.namespaces = TRY(plan::plan_namespaces(in));
  TRY(plan::check_hostname(in, plan.namespaces));
  plan.hostname = spec.hostname;
  plan.domainname = spec.domainname;
  if (options.cgroups) {
    plan.cgroup_layout = host.cgroups;
    plan.cgroup = TRY(plan_cgroup(spec, host.cgroups, options.id));
  } else {
    TRY(plan::check_without_cgroup(in, plan));
  }
  plan.net_devices = TRY(plan::plan_net_devices(in, plan.namespaces));
  plan.rdt = TRY(plan::plan_rdt(in));
  plan.rootfs = TRY(plan::plan_rootfs(in, plan));
  plan.rootfs.mount_context = TRY(plan::plan_mount_context(in, plan));
  plan.rootfs.mounts = TRY(plan::plan_mounts(in, plan));
  plan.rootfs.devices = TRY(plan::plan_devices(in, plan));
  plan.rootfs.links = plan::plan_device_links(in, plan);
  plan.sysctls = TRY(plan::plan_sysctls(in, plan));
  plan.process = TRY(plan::plan_process(in, plan));
  if (plan::has_notify(options, spec, plan)) plan::tell_notify(plan.process->env);
  plan.seccomp = TRY(plan::plan_seccomp(in, plan.warnings));
  if (spec.hooks) {
    TRY(plan::check_hooks(*spec.hooks));
    plan.hooks = *spec.hooks;
  }
  plan.exec = plan::keep_for_exec(in, plan);
  return plan;
}

}  // namespace estiva
