// SPDX-License-Identifier: Apache-2.0
// Capabilities, masks, --privileged, --security-opt. The default is small: eleven capabilities, none of which reaches
// the host or raw packets.
#include <algorithm>

#include "engine/spec/make_spec.h"
#include "engine/spec/seccomp.h"
#include "estiva/base/text.h"

namespace estiva::engine {

namespace {

constexpr std::string_view kPrefix = "CAP_", kAll = "ALL";
constexpr std::string_view kDefault[] = {"CHOWN",   "DAC_OVERRIDE",     "FOWNER",    "FSETID",
                                         "KILL",    "NET_BIND_SERVICE", "SETFCAP",   "SETGID",
                                         "SETPCAP", "SETUID",           "SYS_CHROOT"};
// In the kernel's order (capabilities(7)).
constexpr std::string_view kKnown[] = {"CHOWN",
                                       "DAC_OVERRIDE",
                                       "DAC_READ_SEARCH",
                                       "FOWNER",
                                       "FSETID",
                                       "KILL",
                                       "SETGID",
                                       "SETUID",
                                       "SETPCAP",
                                       "LINUX_IMMUTABLE",
                                       "NET_BIND_SERVICE",
                                       "NET_BROADCAST",
                                       "NET_ADMIN",
                                       "NET_RAW",
                                       "IPC_LOCK",
                                       "IPC_OWNER",
                                       "SYS_MODULE",
                                       "SYS_RAWIO",
                                       "SYS_CHROOT",
                                       "SYS_PTRACE",
                                       "SYS_PACCT",
                                       "SYS_ADMIN",
                                       "SYS_BOOT",
                                       "SYS_NICE",
                                       "SYS_RESOURCE",
                                       "SYS_TIME",
                                       "SYS_TTY_CONFIG",
                                       "MKNOD",
                                       "LEASE",
                                       "AUDIT_WRITE",
                                       "AUDIT_CONTROL",
                                       "SETFCAP",
                                       "MAC_OVERRIDE",
                                       "MAC_ADMIN",
                                       "SYSLOG",
                                       "WAKE_ALARM",
                                       "BLOCK_SUSPEND",
                                       "AUDIT_READ",
                                       "PERFMON",
                                       "BPF",
                                       "CHECKPOINT_RESTORE"};

Result<std::string> capability(std::string_view option, const std::string& text) {
  std::string name = text;
  for (char& c : name) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  if (name.starts_with(kPrefix)) name.erase(0, kPrefix.size());
  if (name == kAll || std::ranges::find(kKnown, name) != std::end(kKnown)) return name;
  Error error = bad_option(option, text, "is no capability");
  if (const auto near = text::nearest(name, kKnown))
    return std::move(error).hint(text::cat("did you mean ", *near, "?"));
  return error;
}

// Drops first, so that "--cap-drop all --cap-add X" leaves X.
Result<Strings> capabilities(const ContainerOptions& options) {
  Strings out(std::begin(kDefault), std::end(kDefault));
  if (options.privileged) out.assign(std::begin(kKnown), std::end(kKnown));
  for (const std::string& each : options.cap_drop) {
    const std::string name = TRY(capability("cap-drop", each));
    std::erase_if(out, [&](const std::string& has) { return name == kAll || has == name; });
  }
  for (const std::string& each : options.cap_add) {
    const std::string name = TRY(capability("cap-add", each));
    for (const std::string_view known : kKnown) {
      const bool wanted = name == kAll || name == known;
      if (wanted && std::ranges::find(out, known) == out.end()) out.emplace_back(known);
    }
  }
  for (std::string& each : out) each.insert(0, kPrefix);
  std::ranges::sort(out);
  return out;
}

void unmask(spec::Linux& config) {
  config.masked_paths.clear();
  config.readonly_paths.clear();
}

void open_all(spec::Spec& spec) {
  unmask(*spec.linux);
  spec::DeviceRule all;
  all.allow = true;
  all.access = "rwm";
  spec.linux->resources->devices = {all};
  for (spec::Mount& mount : spec.mounts)
    if (mount.destination == "/sys" || mount.destination == "/sys/fs/cgroup") std::erase(mount.options, "ro");
}

// By what the container may ever have: a set-user-ID program can get it all.
Result<void> set_seccomp(std::string_view profile, spec::Spec& spec) {
  spec.linux->seccomp = TRY(choose_seccomp(profile, situation_here(spec.process->capabilities->bounding)));
  return {};
}

Result<void> set_option(const std::string& text, spec::Spec& spec) {
  const size_t end = text.find_first_of("=:");
  const std::string key = text.substr(0, end), value = end == text.npos ? "" : text.substr(end + 1);
  if (key == "no-new-privileges" && (value.empty() || value == "true" || value == "false")) {
    spec.process->no_new_privileges = value != "false";
  } else if (key == "systempaths" && value == "unconfined") {
    unmask(*spec.linux);
  } else if (key == "mask") {
    for (const std::string& path : text::split(value, ':')) spec.linux->masked_paths.push_back(path);
  } else if (key == "seccomp" && value == kSeccompUnconfined) {
    spec.linux->seccomp.reset();
  } else if (key == "seccomp" && value == kSeccompBuiltin) {
    return set_seccomp(kDefaultSeccomp, spec);
  } else if (key == "seccomp" && value.starts_with('{')) {
    return set_seccomp(value, spec);
  } else if (key == "apparmor") {
    spec.process->apparmor_profile = value == "unconfined" ? "" : value;
  } else if (key != "label" || value != "disable") {
    return bad_option("security-opt", text,
                      "is none of no-new-privileges, seccomp=unconfined, seccomp=FILE, apparmor=PROFILE, "
                      "label=disable, systempaths=unconfined, mask=PATH");
  }
  return {};
}

}  // namespace

Result<void> set_security(const ContainerOptions& options, spec::Spec& spec) {
  const Strings granted = TRY(capabilities(options));
  spec::Capabilities& set = spec.process->capabilities.emplace();
  set.bounding = granted;
  // Another user than root has them after a set-user-ID program only.
  if (spec.process->user.uid == 0) set.effective = granted;
  set.permitted = set.effective;
  if (options.privileged) {
    open_all(spec);
  } else {
    TRY(set_seccomp(kDefaultSeccomp, spec));
  }
  for (const std::string& each : options.security_opt) TRY(set_option(each, spec));
  return {};
}

}  // namespace estiva::engine
