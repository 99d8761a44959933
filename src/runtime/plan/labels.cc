// SPDX-License-Identifier: Apache-2.0
// AppArmor's profile and SELinux's labels. A label of a process that would not confine it is an error; that of mounts
// without SELinux means nothing and is ignored, as by crun.
#include <algorithm>

#include "estiva/base/text.h"
#include "runtime/plan/annotations.h"
#include "runtime/plan/parts.h"

namespace estiva::plan {

namespace {

// What a file system does with a label.
enum class Labelling { kNone, kRoot, kOption };
Labelling labelling(std::string_view type) {
  constexpr std::string_view kNone[] = {"proc", "sysfs", "cgroup", "cgroup2"};
  if (std::ranges::find(kNone, type) != std::end(kNone)) return Labelling::kNone;
  return type == "mqueue" ? Labelling::kRoot : Labelling::kOption;
}

constexpr std::string_view kContexts[] = {"context", "fscontext", "defcontext", "rootcontext"};

Result<std::string> selinux_label(const SelinuxFacts& facts, const std::string& label, const char* object) {
  if (!facts.problem.empty()) return Error::unsupported(object, facts.problem);
  const auto known = facts.labels.find(label);
  if (known != facts.labels.end()) return known->second;
  return Error::invalid(object, text::cat(text::quote(label), " is no label of the policy that is loaded"));
}

}  // namespace

Result<void> plan_process_labels(const Input& in, const spec::Process& process, ProcessPlan& steps) {
  const std::string& profile = process.apparmor_profile;
  if (!profile.empty()) {
    constexpr const char* kObject = "/process/apparmorProfile";
    if (!in.host.apparmor) {
      return Error::unsupported(kObject, "this kernel has no AppArmor, or it is off")
          .hint("leave the property out if the container may run without it");
    }
    const auto is_control = [](char c) { return static_cast<unsigned char>(c) < ' '; };
    if (std::ranges::any_of(profile, is_control))
      return Error::invalid(kObject, text::cat(text::quote(profile), " has control characters"));
    steps.apparmor_profile = profile;
  }
  if (process.selinux_label.empty()) return {};
  constexpr const char* kObject = "/process/selinuxLabel";
  if (!in.host.selinux.enabled) {
    return Error::unsupported(kObject, "this kernel has no SELinux, or it is off")
        .hint("leave the property out if the container may run without it");
  }
  steps.selinux_label = TRY(selinux_label(in.host.selinux, process.selinux_label, kObject));
  return {};
}

Result<std::optional<FsOption>> plan_mount_context(const Input& in, Plan& plan) {
  const std::string type = annotations::value(in.spec, annotations::kMountContextType).value_or("context");
  if (std::ranges::find(kContexts, type) == std::end(kContexts)) {
    return Error::invalid(annotations::pointer(annotations::kMountContextType),
                          text::cat(text::quote(type), " is no kind of context"))
        .hint(text::join({std::begin(kContexts), std::end(kContexts)}, ", "));
  }
  if (in.linux.mount_label.empty()) return std::optional<FsOption>();
  if (!in.host.selinux.enabled) {
    plan.warnings.push_back("/linux/mountLabel: this kernel has no SELinux, it is ignored");
    return std::optional<FsOption>();
  }
  FsOption context{type, TRY(selinux_label(in.host.selinux, in.linux.mount_label, "/linux/mountLabel")),
                   true};
  return std::optional<FsOption>(std::move(context));
}

void label_mount(const std::optional<FsOption>& context, MountStep& step) {
  if (!context || step.kind != MountKind::kFilesystem) return;
  const auto has_own = [](const FsOption& option) {
    return std::ranges::find(kContexts, option.key) != std::end(kContexts);
  };
  if (std::ranges::any_of(step.options, has_own)) return;
  switch (labelling(step.type)) {
    case Labelling::kNone:
      break;
    case Labelling::kRoot:
      step.label = context->value;
      break;
    case Labelling::kOption:
      step.options.push_back(*context);
      break;
  }
}

}  // namespace estiva::plan
