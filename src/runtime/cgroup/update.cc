// SPDX-License-Identifier: Apache-2.0
// Changes the limits and device rules of a cgroup that has processes in it.
#include "runtime/cgroup/update.h"

#include <errno.h>
#include <fcntl.h>

#include <algorithm>

#include "estiva/base/files.h"
#include "estiva/base/sys_bpf.h"
#include "estiva/base/text.h"
#include "estiva/base/undo.h"
#include "runtime/cgroup/limits.h"
#include "runtime/cgroup/manager.h"
#include "runtime/cgroup/old_value.h"
#include "runtime/cgroup/tree.h"
#include "runtime/plan/cgroup_devices.h"

namespace estiva::cgroup {

namespace {

constexpr const char* kDevices = "/linux/resources/devices";
constexpr size_t kLargestFile = 1 << 20;  // io.max of a host with thousands of devices

Error gone(const CgroupRecord& record) {
  return Error(Code::kState, text::cat("the container's cgroup ", record.path, " has vanished"));
}

Result<void> check_there(const CgroupHierarchy& hierarchy, const CgroupRecord& record) {
  const Result<struct stat> there = sys::fstatat(FdView::cwd(), hierarchy.mount_point + record.path, 0);
  if (!there.ok() && vanished(there.error())) return gone(record);
  if (!there.ok()) return Error::system("stat", there.error().errnum());
  return {};
}

Result<Fd> open_unified(const CgroupLayout& layout, const CgroupRecord& record) {
  if (layout.unified() == nullptr) return Fd();
  TRY(check_there(*layout.unified(), record));
  return sys::open(layout.unified()->mount_point + record.path, O_PATH | O_DIRECTORY);
}

Result<std::string> read_limit(FdView dir, const std::string& file) {
  const Fd open = TRY(sys::openat(dir, file, O_RDONLY));
  return files::read_fd(open, kLargestFile);
}

struct Saved {
  Place place;
  std::string file;
  std::string value;
};

// Last written, first restored; what is refused then gets a second try, as in write_limits. The names of those that
// did not take their old value.
std::string restore(const std::vector<Saved>& saved) {
  std::vector<const Saved*> again;
  std::vector<std::string> lost;
  const auto put_back = [](const Saved& one) {
    return files::write_kernel(one.place.dir, one.place.prefix + one.file, one.value);
  };
  for (auto one = saved.rbegin(); one != saved.rend(); ++one) {
    if (!put_back(*one).ok()) again.push_back(&*one);
  }
  for (const Saved* one : again) {
    if (!put_back(*one).ok()) lost.push_back(one->file);
  }
  return text::join(lost, ", ");
}

class Writer {
 public:
  explicit Writer(const Target& target) : target_(target) {}

  Result<void> write(const Place& place, const CgroupFile& file) {
    Result<void> written = write_saving(place, file);
    if (written.ok() || !file.inherit || written.error().errnum() != EINVAL) return written;
    // More than the parents have.
    for (const std::string& directory : made_parents(target_, place))
      TRY(write_saving(Place{FdView::cwd(), directory}, file));
    return write_saving(place, file);
  }

  // Takes everything back.
  Error undo(Error error) {
    const std::string lost = restore(saved_);
    if (lost.empty()) return error;
    return std::move(error).hint(text::cat("these keep the new value: ", lost));
  }

 private:
  Result<void> write_saving(const Place& place, const CgroupFile& file) {
    std::string name = file.file, value = file.value;
    Result<std::string> before = read_limit(place.dir, place.prefix + name);
    if (!before.ok() && before.error().errnum() == ENOENT && !file.fallback_file.empty()) {
      name = file.fallback_file;
      value = file.fallback_value;
      before = read_limit(place.dir, place.prefix + name);
    }
    TRY(write_limit(place, file));
    // A file that can't be read (memory.reclaim) has no value to go back to.
    if (before.ok()) saved_.push_back({place, name, old_value(name, value, before.value())});
    return {};
  }

  const Target& target_;
  std::vector<Saved> saved_;
};

// ---- devices

Result<void> change_lines(const Place& place, const DeviceTransition& change, const CgroupRecord& record) {
  if (!change.starts_anew || TRY(frozen(record))) return write_device_lines(place, change.lines);
  TRY(freeze(record));
  const Undo thawed([&] { (void)thaw(record); });
  return write_device_lines(place, change.lines);
}

Result<void> update_lines(const Place& place, const CgroupPlan& plan, const CgroupRecord& record) {
  const std::string file = place.prefix + "devices.list";
  const std::string before = TRY(read_limit(place.dir, file));
  Result<void> changed = change_lines(place, device_transition(plan.device_lines, before), record);
  if (changed.ok()) return changed;
  const std::string now = TRY(read_limit(place.dir, file));
  Result<void> restored = change_lines(place, device_transition(listed_device_lines(before), now), record);
  if (restored.ok()) return changed;
  return std::move(changed).error().hint("the device rules are not those from before");
}

// Ours; a program that a parent's owner attached to this cgroup stays. A container of an older version has one without
// a name, the only one then.
Result<Fd> our_program(FdView cgroup) {
  std::vector<Fd> programs = TRY(sys::bpf_attached_device_programs(cgroup));
  for (Fd& program : programs) {
    const std::string name = TRY(sys::bpf_program_name(program));
    if (name == sys::kDeviceProgramName || (name.empty() && programs.size() == 1)) return std::move(program);
  }
  return Fd();
}

Result<void> replace_program(FdView cgroup, const CgroupPlan& plan) {
  const Fd old = TRY(our_program(cgroup));
  if (plan.device_program.empty())
    return old.valid() ? sys::bpf_detach_device_program(cgroup, old) : Result<void>();
  const Fd program = TRY(sys::bpf_load_device_program(plan.device_program));
  const unsigned replace = old.valid() ? BPF_F_REPLACE : 0u;
  return sys::bpf_attach_device_program(cgroup, program, BPF_F_ALLOW_MULTI | replace, old);
}

Result<void> update_devices(const Target& target, const CgroupPlan& plan, const CgroupRecord& record) {
  if (target.layout.with_controller("devices") != nullptr)
    return update_lines(TRY(place_of(target, "devices")), plan, record);
  if (!target.unified_dir.valid()) return {};
  Result<void> replaced = replace_program(target.unified_dir, plan);
  if (replaced.ok()) return replaced;
  return std::move(replaced).error().message("can't change the devices of the cgroup").object(kDevices);
}

Result<void> check_hierarchies(const CgroupLayout& layout, const CgroupPlan& plan, const CgroupRecord& record,
                               bool devices) {
  for (const CgroupFile& file : plan.files) {
    const CgroupHierarchy* hierarchy =
        file.controller.empty() ? nullptr : layout.with_controller(file.controller);
    if (hierarchy != nullptr) TRY(check_there(*hierarchy, record));
  }
  const CgroupHierarchy* v1_devices = layout.with_controller("devices");
  return devices && v1_devices != nullptr ? check_there(*v1_devices, record) : Result<void>();
}

}  // namespace

Result<CurrentLimits> current_limits(const CgroupLayout& layout, const CgroupRecord& record) {
  CurrentLimits now;
  const Fd dir = TRY(open_unified(layout, record));
  const auto read = [&](FdView where, const std::string& file) {
    const Result<std::string> content = read_small(where, file);
    return content.ok() ? std::string(text::trim(content.value())) : std::string();
  };
  if (dir.valid()) now.cpu_max = read(dir, "cpu.max");
  const CgroupHierarchy* memory = layout.with_controller("memory");
  if (memory == nullptr) return now;
  now.memory_limit =
      memory->unified
          ? read(dir, "memory.max")
          : read(FdView::cwd(), text::cat(memory->mount_point, record.path, "/memory.limit_in_bytes"));
  return now;
}

Result<void> update(const CgroupLayout& layout, const CgroupPlan& plan, const CgroupRecord& record,
                    bool devices) {
  TRY(check_hierarchies(layout, plan, record, devices));
  const Fd unified_dir = TRY(open_unified(layout, record));
  const Target target{layout, record.path, unified_dir, record.created};
  TRY(check_memory(target, plan.memory_check));
  Writer writer(target);
  Result<void> written = write_limits(target, plan.files, [&](const Place& place, const CgroupFile& file) {
    return writer.write(place, file);
  });
  if (written.ok() && devices) written = update_devices(target, plan, record);
  if (written.ok()) return written;
  return writer.undo(std::move(written).error());
}

}  // namespace estiva::cgroup
