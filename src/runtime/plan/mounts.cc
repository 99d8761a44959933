// SPDX-License-Identifier: Apache-2.0
// Mounts: the options of each become flags, attributes and the file system's own options.
#include <sched.h>
#include <sys/mount.h>

#include <algorithm>

#include "estiva/base/text.h"
#include "runtime/plan/names.h"
#include "runtime/plan/notify.h"
#include "runtime/plan/parts.h"

namespace estiva::plan {

namespace {

// What may be mounted over below /proc; anything else could hide or fake what the runtime writes to or what
// programs trust (CVE-2019-16884).
constexpr std::string_view kProcMountable[] = {
    "/proc/cpuinfo",
    "/proc/diskstats",
    "/proc/meminfo",
    "/proc/stat",
    "/proc/swaps",
    "/proc/uptime",
    "/proc/loadavg",
    "/proc/slabinfo",
    "/proc/sys/kernel/ns_last_pid",
    "/proc/sys/crypto/fips_enabled",
};

std::string clean_path(std::string_view path) {
  std::vector<std::string> kept;
  for (std::string& part : text::split(path, '/')) {
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      if (!kept.empty()) kept.pop_back();
    } else {
      kept.push_back(std::move(part));
    }
  }
  return text::cat("/", text::join(kept, "/"));
}

void apply_option(MountStep& step, const names::MountOption& option) {
  using Kind = names::MountOption::Kind;
  switch (option.kind) {
    case Kind::kAttribute:
      step.set = (step.set & ~option.clear) | option.set;
      step.clear = (step.clear & ~option.set) | option.clear;
      break;
    case Kind::kRecursiveAttribute:
      step.recursive_set = (step.recursive_set & ~option.clear) | option.set;
      step.recursive_clear = (step.recursive_clear & ~option.set) | option.clear;
      break;
    case Kind::kSuperblock:
      step.superblock_flags = (step.superblock_flags & ~option.clear) | option.set;
      step.superblock_clear = (step.superblock_clear & ~option.set) | option.clear;
      break;
    case Kind::kPropagation:
      step.propagation.push_back(option.set);
      break;
    case Kind::kBind:
      // "remount" and "bind", in either order: new attributes for what is mounted (mount(2)).
      if (step.kind != MountKind::kRemount) step.kind = MountKind::kBind;
      step.recursive = (option.set & MS_REC) != 0;
      break;
    case Kind::kRemount:
      step.kind = MountKind::kRemount;
      break;
    case Kind::kIdMap:
      step.id_map.emplace().recursive = (option.set & MS_REC) != 0;
      break;
    case Kind::kCopyUp:
      step.copy_up = true;
      break;
    case Kind::kSourceLink:
      step.source_link = true;
      break;
    case Kind::kTargetLink:
      step.target_link = true;
      break;
    case Kind::kCopyLink:
      step.copy_link = true;
      break;
    case Kind::kNothing:
      break;
  }
}

// Of "idmap=uids=0-1000-10;gids=0-1000-10", crun's form: "idmap".
std::string_view without_mappings(const std::string& word) {
  const bool inline_map = word.starts_with("idmap=") || word.starts_with("ridmap=");
  return std::string_view(word).substr(0, inline_map ? word.find('=') : word.size());
}

Result<void> read_options(const Input& in, const spec::Mount& mount, MountStep& step) {
  for (size_t i = 0; i < mount.options.size(); ++i) {
    const std::string& word = mount.options[i];
    const std::string_view name = without_mappings(word);
    const names::MountOption* option = names::mount_option(name);
    if (option == nullptr) continue;
    apply_option(step, *option);
    if (name.size() < word.size())
      TRY(read_inline_maps(in, std::string_view(word).substr(name.size() + 1),
                           text::cat(step.object, "/options/", i), *step.id_map));
  }
  for (size_t i = 0; i < mount.options.size(); ++i) {
    const std::string& word = mount.options[i];
    if (names::mount_option(without_mappings(word)) != nullptr) continue;
    const std::string object = text::cat(step.object, "/options/", i);
    if (word.empty()) continue;  // what buildah leaves of a volume without options
    const size_t equals = word.find('=');
    if (step.kind == MountKind::kBind) {
      // Options of a file system ("mode=755") mean nothing to a bind mount and the kernel ignores them; runc 1.1 and crun
      // let them pass, and the OCI validation programs give them. A bare word is a misspelt flag.
      if (equals != std::string::npos) continue;
      return Error::invalid(object, text::cat(text::quote(word), " is no option of a bind mount"));
    }
    FsOption option{word.substr(0, equals), "", equals != std::string::npos};
    if (option.has_value) option.value = word.substr(equals + 1);
    step.options.push_back(std::move(option));
  }
  return {};
}

Result<void> check_proc(const MountStep& step) {
  const std::string& path = step.destination;
  const bool on_proc = path == "/proc";
  if (!on_proc && !path.starts_with("/proc/")) return {};
  if (on_proc && (step.type == "proc" || step.kind != MountKind::kFilesystem)) return {};
  if (!on_proc && std::ranges::find(kProcMountable, path) != std::end(kProcMountable)) return {};
  return Error::invalid(step.object + "/destination",
                        text::cat(text::quote(path), " must not be mounted over"));
}

Result<void> check_type(const spec::Mount& mount, const MountStep& step) {
  if (step.kind == MountKind::kBind) {
    if (mount.source.empty()) return Error::invalid(step.object + "/source", "is required for a bind mount");
    return {};
  }
  if (step.kind != MountKind::kFilesystem) return {};
  if (mount.type.empty() || mount.type == "none") {
    return Error::invalid(step.object + "/type", "is required")
        .hint("a bind mount has the option \"bind\" or \"rbind\"");
  }
  if (mount.type == "bind") {
    return Error::invalid(step.object + "/type", "a bind mount needs the option \"bind\" or \"rbind\"");
  }
  return {};
}

bool has_option(const MountStep& step, std::string_view key) {
  return std::ranges::any_of(step.options, [&](const FsOption& option) { return option.key == key; });
}

Result<void> plan_tmpfs(MountStep& step) {
  const bool tmpfs = step.type == "tmpfs" && step.kind == MountKind::kFilesystem;
  if (step.copy_up && !tmpfs)
    return Error::invalid(step.object + "/options", "tmpcopyup is an option of a tmpfs");
  step.mode_of_target = tmpfs && !has_option(step, "mode");
  step.owner_of_target = step.copy_up && !has_option(step, "uid") && !has_option(step, "gid");
  return {};
}

Result<void> check_links(const MountStep& step) {
  const struct {
    bool asked;
    const char* name;
  } options[] = {{step.source_link, "src-nofollow"},
                 {step.target_link, "dest-nofollow"},
                 {step.copy_link, "copy-symlink"}};
  for (const auto& [asked, name] : options) {
    if (asked && step.kind != MountKind::kBind)
      return Error::invalid(step.object + "/options", text::cat(name, " is an option of a bind mount"));
  }
  return {};
}

// Since Linux 6.8 mountinfo lists mounts by their age, so binds are best opened in their turn: not where the source can
// be out of reach from inside. What is shared with the host is a peer of its mount; a tree of the child's own mount
// namespace only receives from it.
BindOpening plan_opening(const Plan& plan, const MountStep& step) {
  const NamespacePlan& namespaces = plan.namespaces;
  const auto has = [&](unsigned long flag) {
    return (plan.rootfs.propagation & flag) != 0 ||
           std::ranges::any_of(step.propagation, [&](unsigned long flags) { return (flags & flag) != 0; });
  };
  const bool in_turn = plan.new_mount_api && !step.id_map && namespaces.creates(CLONE_NEWNS) &&
                       !namespaces.has(CLONE_NEWUSER) && namespaces.joins(CLONE_NEWPID) == nullptr;
  if (!in_turn) return BindOpening::kParent;
  if (!has(MS_SHARED)) return BindOpening::kChild;
  return has(MS_UNBINDABLE) ? BindOpening::kParent : BindOpening::kParentThenCopy;
}

Result<MountStep> plan_mount(const Input& in, const Plan& plan, size_t index) {
  const spec::Mount& mount = in.spec.mounts[index];
  MountStep step;
  step.object = text::cat("/mounts/", index);
  if (mount.destination.empty()) return Error::invalid(step.object + "/destination", "is required");
  step.destination = clean_path(mount.destination);
  if (step.destination == "/") return Error::invalid(step.object + "/destination", "is the root itself");
  step.type = mount.type;
  TRY(read_options(in, mount, step));
  TRY(check_type(mount, step));
  TRY(check_proc(step));
  TRY(plan_id_map(in, plan, index, step));
  step.source = mount.source;
  if (step.kind == MountKind::kBind && mount.source[0] != '/')
    step.source = text::cat(in.options.bundle, "/", mount.source);
  step.refuse_links = step.destination == "/proc" || step.destination == "/sys";
  // fsconfig(2) has no word for these two.
  step.old_api_only = ((step.superblock_flags | step.superblock_clear) & (MS_SILENT | MS_I_VERSION)) != 0;
  TRY(plan_tmpfs(step));
  TRY(check_links(step));
  label_mount(plan.rootfs.mount_context, step);
  step.binds_host =
      step.type == "sysfs" && step.kind == MountKind::kFilesystem && plan.namespaces.has(CLONE_NEWUSER);
  step.opening = plan_opening(plan, step);
  return step;
}

}  // namespace

Result<std::vector<MountEntry>> plan_mounts(const Input& in, Plan& plan) {
  std::vector<MountEntry> entries;
  for (size_t i = 0; i < in.spec.mounts.size(); ++i) {
    MountStep step = TRY(plan_mount(in, plan, i));
    const std::string& given = in.spec.mounts[i].destination;
    if (given[0] != '/') {
      plan.warnings.push_back(
          text::cat(step.object, "/destination: ", text::quote(given), " is relative, taken from /"));
    }
    if (step.type == "cgroup" && step.kind == MountKind::kFilesystem) {
      std::ranges::move(plan_cgroup_mount(in, plan, step), std::back_inserter(entries));
    } else {
      entries.push_back({std::move(step), {}});
    }
  }
  if (has_notify(in.options, in.spec, plan)) {
    MountStep step = notify_mount(in.options);
    step.opening = plan_opening(plan, step);
    entries.push_back({std::move(step), {}});
  }
  return entries;
}

}  // namespace estiva::plan
