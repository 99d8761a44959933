// SPDX-License-Identifier: Apache-2.0
// Gives the cgroup its limits, device rules and owner. Every error names the property it comes from.
#include <errno.h>
#include <fcntl.h>

#include "estiva/base/files.h"
#include "estiva/base/sys_bpf.h"
#include "estiva/base/text.h"
#include "runtime/cgroup/manager.h"
#include "runtime/cgroup/tree.h"

namespace estiva::cgroup {

namespace {

constexpr const char* kDevices = "/linux/resources/devices";

// Where the controller's files are; v1: below an absolute path, v2: below the open directory.
struct Place {
  FdView dir;
  std::string prefix;  // "" or a path that ends in "/"
};

Result<Place> place_of(const CgroupLayout& layout, const CgroupPlan& plan, const CgroupHandle& handle,
                       const std::string& controller) {
  if (controller.empty()) return Place{handle.unified_dir, ""};
  const CgroupHierarchy* hierarchy = layout.with_controller(controller);
  if (hierarchy == nullptr) return Error(Code::kInternal, text::cat("no hierarchy has ", controller));
  return Place{FdView::cwd(), text::cat(hierarchy->mount_point, plan.path, "/")};
}

Error explain(Error error, const CgroupFile& file) {
  std::string message = text::cat("can't set ", file.file, " to ", text::quote(file.value));
  std::string hint;
  if (error.errnum() == ENOENT) {
    message = text::cat("the cgroup has no ", file.file);
    hint = file.controller.empty()
               ? "the kernel lacks it, or a parent's cgroup.subtree_control can't enable it: "
                 "processes in the parent prevent that"
               : "the kernel lacks it";
  }
  if (error.errnum() == EBUSY) hint = "more than that is in use";
  return std::move(error).message(std::move(message)).hint(std::move(hint)).object(file.object);
}

Result<void> write_file(const Place& place, const CgroupFile& file) {
  Result<void> written = files::write_kernel(place.dir, place.prefix + file.file, file.value);
  if (written.ok() || written.error().errnum() != ENOENT) return written;
  if (!file.fallback_file.empty()) {
    return files::write_kernel(place.dir, place.prefix + file.fallback_file, file.fallback_value);
  }
  if (file.optional) return {};
  return written;
}

// The directories made for this cgroup in the hierarchy of its parents, topmost first.
Result<void> write_parents(const Place& place, const CgroupFile& file, const CgroupHandle& handle) {
  for (const std::string& made : handle.created) {
    const std::string directory = made + "/";
    if (directory == place.prefix || !place.prefix.starts_with(directory)) continue;
    TRY(files::write_kernel(FdView::cwd(), directory + file.file, file.value));
  }
  return {};
}

Result<void> write_with_parents(const Place& place, const CgroupFile& file, const CgroupHandle& handle) {
  if (file.inherit) TRY(write_parents(place, file, handle));
  return write_file(place, file);
}

// Some values bound each other (memory and memory with swap, quota and burst, period and runtime), and which to write
// first depends on those that were there: what is refused as invalid gets a second try after all others.
Result<void> write_files(const CgroupLayout& layout, const CgroupPlan& plan, const CgroupHandle& handle) {
  std::vector<const CgroupFile*> again;
  for (const CgroupFile& file : plan.files) {
    const Place place = TRY(place_of(layout, plan, handle, file.controller));
    Result<void> written = write_with_parents(place, file, handle);
    if (written.ok()) continue;
    if (written.error().errnum() != EINVAL) return explain(std::move(written).error(), file);
    again.push_back(&file);
  }
  for (const CgroupFile* file : again) {
    const Place place = TRY(place_of(layout, plan, handle, file->controller));
    Result<void> written = write_with_parents(place, *file, handle);
    if (!written.ok()) return explain(std::move(written).error(), *file);
  }
  return {};
}

Result<void> check_usage(const Place& place, const char* file, const std::optional<uint64_t>& limit,
                         const char* object) {
  if (!limit.has_value()) return {};
  Result<std::string> content = read_small(place.dir, place.prefix + file);
  // Without the file (no swap accounting) nothing is in use.
  if (!content.ok() && vanished(content.error())) return {};
  const std::optional<uint64_t> usage = text::number<uint64_t>(text::trim(TRY(std::move(content))));
  if (!usage.has_value() || *usage <= *limit) return {};
  return Error::invalid(object, text::cat(*usage, " bytes are in use, more than ", *limit));
}

Result<void> check_memory(const CgroupLayout& layout, const CgroupPlan& plan, const CgroupHandle& handle) {
  if (!plan.memory_check.has_value()) return {};
  const CgroupHierarchy* hierarchy = layout.with_controller("memory");
  if (hierarchy == nullptr) return {};
  const Place place = TRY(place_of(layout, plan, handle, hierarchy->unified ? "" : "memory"));
  const char* memory = hierarchy->unified ? "memory.current" : "memory.usage_in_bytes";
  const char* swap = hierarchy->unified ? "memory.swap.current" : "memory.memsw.usage_in_bytes";
  TRY(check_usage(place, memory, plan.memory_check->limit, "/linux/resources/memory/limit"));
  return check_usage(place, swap, plan.memory_check->swap, "/linux/resources/memory/swap");
}

// ---- devices

// Allowing everything is refused below a cgroup that denies something, and needless where nothing is denied.
bool allows_all_already(const Place& place) {
  const Result<std::string> list = read_small(place.dir, place.prefix + "devices.list");
  return list.ok() && text::trim(list.value()) == "a *:* rwm";
}

Result<void> write_device_lines(const Place& place, const std::vector<DeviceLine>& lines) {
  Fd allow, deny;
  for (const DeviceLine& line : lines) {
    Fd& file = line.allow ? allow : deny;
    if (!file.valid()) {
      const std::string path = place.prefix + (line.allow ? "devices.allow" : "devices.deny");
      file = TRY(sys::openat(place.dir, path, O_WRONLY));
    }
    Result<size_t> written = sys::write(file, line.line.data(), line.line.size());
    if (written.ok()) continue;
    const bool refused_by_parent = line.allow && written.error().errnum() == EPERM;
    if (refused_by_parent && line.line == "a" && allows_all_already(place)) continue;
    return std::move(written)
        .error()
        .message(text::cat("can't ", line.allow ? "allow" : "deny", " \"", line.line, "\""))
        .hint(refused_by_parent ? "the parent cgroup does not allow it" : "")
        .object(line.object.empty() ? kDevices : line.object);
  }
  return {};
}

// BPF_F_ALLOW_MULTI: a program that a parent's owner attached stays in force beside ours.
Result<void> attach_device_program(const CgroupPlan& plan, const CgroupHandle& handle) {
  const auto attach = [&]() -> Result<void> {
    const Fd program = TRY(sys::bpf_load_device_program(plan.device_program));
    return sys::bpf_attach_device_program(handle.unified_dir, program, BPF_F_ALLOW_MULTI);
  };
  Result<void> attached = attach();
  if (attached.ok()) return attached;
  const bool refused = attached.error().errnum() == EPERM;
  return std::move(attached)
      .error()
      .message("can't limit the devices of the cgroup")
      .hint(refused ? "it needs CAP_SYS_ADMIN in the host's user namespace; rules that allow all do not" : "")
      .object(kDevices);
}

Result<void> apply_devices(const CgroupLayout& layout, const CgroupPlan& plan, const CgroupHandle& handle) {
  if (!plan.device_program.empty()) return attach_device_program(plan, handle);
  if (plan.device_lines.empty()) return {};
  return write_device_lines(TRY(place_of(layout, plan, handle, "devices")), plan.device_lines);
}

// ---- owner

// cgroup-v2.rst, "Model of Delegation"; the kernel lists the files since 4.15.
constexpr std::string_view kDelegatedFiles = "cgroup.procs\ncgroup.threads\ncgroup.subtree_control\n";

Result<void> give_to(uid_t owner, FdView cgroup_dir) {
  constexpr gid_t kKeep = static_cast<gid_t>(-1);
  TRY(sys::fchownat(cgroup_dir, "", owner, kKeep, AT_EMPTY_PATH));
  Result<std::string> listed = read_small(FdView::cwd(), "/sys/kernel/cgroup/delegate");
  const std::string names = listed.ok() ? std::move(listed).value() : std::string(kDelegatedFiles);
  for (const std::string& name : text::split(text::trim(names), '\n')) {
    Result<void> given = sys::fchownat(cgroup_dir, name, owner, kKeep, AT_SYMLINK_NOFOLLOW);
    if (!given.ok() && given.error().errnum() != ENOENT) return given;
  }
  return {};
}

}  // namespace

Result<void> apply(const CgroupLayout& layout, const CgroupPlan& plan, const CgroupHandle& handle) {
  TRY(check_memory(layout, plan, handle));
  TRY(write_files(layout, plan, handle));
  TRY(apply_devices(layout, plan, handle));
  if (plan.owner.value_or(0) == 0) return {};
  return give_to(*plan.owner, handle.unified_dir).context([] { return std::string("cgroup owner"); });
}

}  // namespace estiva::cgroup
