// SPDX-License-Identifier: Apache-2.0
// The table of annotations.
#include "runtime/plan/annotations.h"

#include "estiva/base/text.h"
#include "runtime/plan/pointer.h"

namespace estiva::annotations {

namespace {

constexpr std::string_view kNoPlugins = "code of others is not loaded into the runtime";
constexpr std::string_view kNoHandlers = "this runtime starts programs itself and has no handlers";

constexpr Annotation kAnnotations[] = {
    {kKeepGroups, Effect::kHonoured, ""},
    {kHooksStdout, Effect::kHonoured, "", true},
    {kHooksStderr, Effect::kHonoured, "", true},
    {kMountContextType, Effect::kHonoured, ""},
    {kPidfdReceiver, Effect::kHonoured, "", true},
    {"run.oci.systemd.subgroup", Effect::kLater, ""},
    {"run.oci.systemd.force_cgroup_v1", Effect::kRefused,
     "a v1 hierarchy for systemd is not mounted on demand"},
    {kDelegateCgroup, Effect::kHonoured, ""},
    {kSeccompReceiver, Effect::kHonoured, "", true},
    {kSeccompProgram, Effect::kHonoured, ""},
    {kSeccompKnownCalls, Effect::kHonoured, ""},
    {"run.oci.seccomp.plugins", Effect::kRefused, kNoPlugins},
    {"run.oci.handler", Effect::kRefused, kNoHandlers},
    {"module.wasm.image/", Effect::kRefused, kNoHandlers},
    {"krun.", Effect::kRefused, kNoHandlers},
    {"org.criu.config", Effect::kLater, ""},
    {"org.systemd.property.", Effect::kLater, ""},
};

}  // namespace

// They name files of the host, or reach what runs the container.
std::span<const std::string_view> potentially_unsafe() {
  static constexpr std::string_view kUnsafe[] = {"org.criu.config", "org.systemd.property.", "run.oci."};
  return kUnsafe;
}

std::span<const Annotation> all() { return kAnnotations; }

const Annotation* find(std::string_view name) {
  for (const Annotation& one : kAnnotations) {
    const bool prefix = one.name.ends_with('.') || one.name.ends_with('/');
    if (prefix ? name.starts_with(one.name) : name == one.name) return &one;
  }
  return nullptr;
}

std::optional<std::string> value(const spec::Spec& spec, std::string_view name) {
  const auto found = spec.annotations.find(std::string(name));
  return found == spec.annotations.end() ? std::nullopt : std::optional<std::string>(found->second);
}

std::string pointer(std::string_view name) { return text::cat("/annotations/", plan::escape_pointer(name)); }

Result<void> check(const spec::Spec& spec) {
  if (spec.annotations.contains("")) return Error::invalid("/annotations", "has an empty key");
  for (const auto& [name, value] : spec.annotations) {
    const Annotation* known = find(name);
    if (known == nullptr) continue;
    if (known->effect == Effect::kRefused) return Error::unsupported(pointer(name), std::string(known->says));
    if (known->is_path && !value.starts_with('/'))
      return Error::invalid(pointer(name), text::cat(text::quote(value), " is not absolute"));
  }
  return {};
}

}  // namespace estiva::annotations
