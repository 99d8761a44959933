// SPDX-License-Identifier: Apache-2.0
// The files of one cgroup's limits.
#include "runtime/cgroup/limits.h"

#include <errno.h>
#include <fcntl.h>

#include "estiva/base/files.h"
#include "estiva/base/text.h"
#include "runtime/cgroup/tree.h"

namespace estiva::cgroup {

namespace {

constexpr const char* kDevices = "/linux/resources/devices";

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

// Allowing everything is refused below a cgroup that denies something, and needless where nothing is denied.
bool allows_all_already(const Place& place) {
  const Result<std::string> list = read_small(place.dir, place.prefix + "devices.list");
  return list.ok() && text::trim(list.value()) == "a *:* rwm";
}

}  // namespace

Result<Place> place_of(const Target& target, const std::string& controller) {
  if (controller.empty()) return Place{target.unified_dir, ""};
  const CgroupHierarchy* hierarchy = target.layout.with_controller(controller);
  if (hierarchy == nullptr) return Error(Code::kInternal, text::cat("no hierarchy has ", controller));
  return Place{FdView::cwd(), text::cat(hierarchy->mount_point, target.path, "/")};
}

Error explain(Error error, const CgroupFile& file) {
  // Without the kernel's words: engines take "no such file" for a missing program.
  if (error.errnum() == ENOENT) {
    return Error::unsupported(file.object, text::cat("the cgroup has no ", file.file))
        .hint(file.controller.empty()
                  ? "the kernel lacks it, or a parent's cgroup.subtree_control can't enable it: "
                    "processes in the parent prevent that"
                  : "the kernel lacks it");
  }
  const bool busy = error.errnum() == EBUSY;
  return std::move(error)
      .message(text::cat("can't set ", file.file, " to ", text::quote(file.value)))
      .hint(busy ? "more than that is in use" : "")
      .object(file.object);
}

Result<void> write_limit(const Place& place, const CgroupFile& file) {
  Result<void> written = files::write_kernel(place.dir, place.prefix + file.file, file.value);
  if (written.ok() || written.error().errnum() != ENOENT) return written;
  if (!file.fallback_file.empty()) {
    return files::write_kernel(place.dir, place.prefix + file.fallback_file, file.fallback_value);
  }
  if (file.optional) return {};
  return written;
}

std::vector<std::string> made_parents(const Target& target, const Place& place) {
  std::vector<std::string> parents;
  for (const std::string& made : target.created) {
    const std::string directory = made + "/";
    if (directory != place.prefix && place.prefix.starts_with(directory)) parents.push_back(directory);
  }
  return parents;
}

Result<void> check_memory(const Target& target, const std::optional<MemoryCheck>& check) {
  if (!check.has_value()) return {};
  const CgroupHierarchy* hierarchy = target.layout.with_controller("memory");
  if (hierarchy == nullptr) return {};
  const Place place = TRY(place_of(target, hierarchy->unified ? "" : "memory"));
  const char* memory = hierarchy->unified ? "memory.current" : "memory.usage_in_bytes";
  const char* swap = hierarchy->unified ? "memory.swap.current" : "memory.memsw.usage_in_bytes";
  TRY(check_usage(place, memory, check->limit, "/linux/resources/memory/limit"));
  return check_usage(place, swap, check->swap, "/linux/resources/memory/swap");
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

}  // namespace estiva::cgroup
