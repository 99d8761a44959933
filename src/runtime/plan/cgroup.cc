// SPDX-License-Identifier: Apache-2.0
// The cgroup plan as a whole: path, limits of each controller where the host has it, unified, devices, ownership.
#include "runtime/plan/cgroup.h"

#include <algorithm>
#include <iterator>

#include "estiva/base/text.h"
#include "estiva/spec/spec.h"
#include "runtime/plan/annotations.h"
#include "runtime/plan/cgroup_devices.h"
#include "runtime/plan/cgroup_resources.h"
#include "runtime/plan/pointer.h"

namespace estiva {

namespace {

Error missing_controller(const CgroupFile& file, std::string_view controller, CgroupMode mode) {
  const std::string message =
      mode == CgroupMode::kNone ? std::string("no cgroup file system is mounted on /sys/fs/cgroup")
                                : text::cat("the ", controller, " controller is not available on this host");
  return Error::unsupported(file.object, message);
}

// The files of one controller, for the hierarchy that has it.
Result<std::vector<CgroupFile>> controller_files(const plan::Controller& controller,
                                                 const spec::Resources& resources,
                                                 const CgroupLayout& layout) {
  const CgroupHierarchy* v1 = controller.v1.empty() ? nullptr : layout.with_controller(controller.v1);
  if (v1 != nullptr && v1->unified) v1 = nullptr;
  const CgroupHierarchy* v2 = controller.v2.empty() ? nullptr : layout.with_controller(controller.v2);
  if (v2 != nullptr && !v2->unified) v2 = nullptr;
  // A controller that isn't there is spoken of in the terms of the host.
  const bool use_v2 = v1 == nullptr && (v2 != nullptr || layout.mode == CgroupMode::kV2);
  std::vector<CgroupFile> files = TRY((use_v2 ? controller.v2_files : controller.v1_files)(resources));
  const std::string_view name = use_v2 ? controller.v2 : controller.v1;
  for (CgroupFile& file : files) {
    if (v1 == nullptr && v2 == nullptr && !file.optional) return missing_controller(file, name, layout.mode);
    if (!use_v2) file.controller = name;
  }
  if (v1 == nullptr && v2 == nullptr) files.clear();
  return files;
}

// Files of the cgroup itself that are limits; the others move, freeze and kill.
constexpr std::string_view kCoreLimits[] = {"cgroup.max.depth", "cgroup.max.descendants", "cgroup.pressure"};

Result<void> check_unified_key(const std::string& key, const CgroupHierarchy& unified,
                               const std::string& object) {
  if (key.find('/') != std::string::npos) return Error::invalid(object, "a file's name can't contain \"/\"");
  const size_t dot = key.find('.');
  if (dot == 0 || dot == std::string::npos || dot + 1 == key.size()) {
    return Error::invalid(object, "must have the form CONTROLLER.PARAMETER");
  }
  const std::string controller = key.substr(0, dot);
  if (controller == "cgroup") {
    if (std::ranges::find(kCoreLimits, key) != std::end(kCoreLimits)) return {};
    return Error::invalid(object, "is not a limit; those of the cgroup itself are " +
                                      text::join({std::begin(kCoreLimits), std::end(kCoreLimits)}, ", "));
  }
  if (std::ranges::find(unified.controllers, controller) != unified.controllers.end()) return {};
  return Error::unsupported(object,
                            text::cat("the ", controller, " controller is not available on this host"));
}

Result<void> add_unified(const spec::Resources& resources, const CgroupLayout& layout,
                         std::vector<CgroupFile>& files) {
  if (resources.unified.empty()) return {};
  if (layout.mode != CgroupMode::kV2) {
    return Error::unsupported(plan::resource_pointer("unified"),
                              "needs cgroup v2; this host has another layout");
  }
  for (const auto& [key, value] : resources.unified) {
    const std::string object = plan::resource_pointer("unified/" + plan::escape_pointer(key));
    TRY(check_unified_key(key, *layout.unified(), object));
    // The kernel takes one line per write.
    for (const std::string& line : text::split(value, '\n')) {
      if (!line.empty()) files.push_back({.file = key, .value = line, .object = object});
    }
  }
  return {};
}

std::optional<uint64_t> limited(const std::optional<int64_t>& value) {
  return value.value_or(-1) > 0 ? std::optional<uint64_t>(*value) : std::nullopt;
}

Result<std::optional<MemoryCheck>> plan_memory_check(const spec::Resources& resources,
                                                     const CgroupLayout& layout) {
  std::optional<MemoryCheck> none;
  if (!resources.memory.has_value() || !resources.memory->check_before_update.value_or(false)) return none;
  const spec::Memory& memory = *resources.memory;
  MemoryCheck check{.limit = limited(memory.limit), .swap = limited(memory.swap)};
  const CgroupHierarchy* hierarchy = layout.with_controller("memory");
  if (hierarchy != nullptr && hierarchy->unified) {
    const std::optional<int64_t> swap = TRY(plan::swap_alone(memory));
    check.swap = swap.value_or(-1) >= 0 ? std::optional<uint64_t>(*swap) : std::nullopt;
  }
  if (!check.limit.has_value() && !check.swap.has_value()) return none;
  return std::optional<MemoryCheck>(check);
}

Result<void> add_devices(const std::vector<spec::DeviceRule>& rules, const CgroupLayout& layout,
                         CgroupPlan& plan) {
  const DevicePolicy policy = TRY(plan_devices(rules));
  plan.allow_all_devices = policy.allows_all();
  if (layout.with_controller("devices") != nullptr) {
    plan.device_lines = TRY(device_lines(policy));
  } else if (layout.unified() != nullptr) {
    plan.device_program = device_program(policy);
  } else if (!rules.empty() && !plan.allow_all_devices) {
    return Error::unsupported(plan::resource_pointer("devices"),
                              "the devices controller is not available on this host");
  }
  return {};
}

bool has_new_cgroup_namespace(const spec::Linux& linux_part) {
  return std::ranges::any_of(linux_part.namespaces, [](const spec::Namespace& one) {
    return one.type == spec::NamespaceType::kCgroup && one.path.empty();
  });
}

bool has_writable_cgroup_mount(const spec::Spec& spec) {
  return std::ranges::any_of(spec.mounts, [](const spec::Mount& mount) {
    // The last of contradicting options counts (mount(8)).
    bool writable = true;
    for (const std::string& option : mount.options) {
      if (option == "ro" || option == "rro") writable = false;
      if (option == "rw" || option == "rrw") writable = true;
    }
    return (mount.type == "cgroup" || mount.type == "cgroup2") && writable;
  });
}

std::optional<uid_t> host_uid(const std::vector<spec::IdMapping>& mappings, uid_t uid) {
  if (mappings.empty()) return uid;
  for (const spec::IdMapping& mapping : mappings) {
    if (uid >= mapping.container_id && uid - mapping.container_id < mapping.size) {
      return mapping.host_id + (uid - mapping.container_id);
    }
  }
  return std::nullopt;
}

std::optional<uid_t> plan_owner(const spec::Spec& spec, const CgroupLayout& layout) {
  if (layout.mode != CgroupMode::kV2 || !spec.linux.has_value() || !spec.process.has_value())
    return std::nullopt;
  if (!has_new_cgroup_namespace(*spec.linux) || !has_writable_cgroup_mount(spec)) return std::nullopt;
  return host_uid(spec.linux->uid_mappings, spec.process->user.uid);
}

// "/a/b", or nothing for what has no name in it.
Result<std::string> clean_path(const std::string& given, std::string_view object) {
  constexpr size_t kMaxPath = 3072;  // PATH_MAX less room for the mount point and a file's name
  std::string path;
  for (const std::string& part : text::split(given, '/')) {
    if (part.empty() || part == ".") continue;
    if (part == "..") return Error::invalid(std::string(object), "can't contain \"..\"");
    path += "/" + part;
  }
  if (path.size() > kMaxPath) return Error::invalid(std::string(object), "is longer than 3072 bytes");
  return path;
}

// Delegation needs what v1 lacks: files whose owner can be given away without a way out (cgroup-v2.rst, "Delegation").
Result<void> plan_delegation(const spec::Spec& spec, const CgroupLayout& layout, CgroupPlan& plan) {
  const auto given = annotations::value(spec, annotations::kDelegateCgroup);
  if (!given || given->empty()) return {};
  const std::string object = annotations::pointer(annotations::kDelegateCgroup);
  if (layout.mode != CgroupMode::kV2)
    return Error::unsupported(object, "needs cgroup v2; this host has another layout");
  plan.delegated = TRY(clean_path(*given, object));
  if (plan.delegated.empty()) return Error::invalid(object, "names no cgroup below the container's own");
  if (spec.process && spec.linux)
    plan.delegated_owner = host_uid(spec.linux->uid_mappings, spec.process->user.uid);
  return {};
}

}  // namespace

Result<std::string> plan_cgroup_path(const std::string& cgroups_path, const std::string& id) {
  constexpr std::string_view kObject = "/linux/cgroupsPath";
  if (cgroups_path.empty()) return "/" + id;
  const std::string path = TRY(clean_path(cgroups_path, kObject));
  if (path.empty()) return Error::invalid(std::string(kObject), "can't be the root of the hierarchy");
  return path;
}

Result<std::vector<CgroupFile>> plan_cgroup_files(const spec::Resources& resources,
                                                  const CgroupLayout& layout) {
  std::vector<CgroupFile> all;
  for (const plan::Controller& controller : plan::kControllers) {
    std::vector<CgroupFile> files = TRY(controller_files(controller, resources, layout));
    std::ranges::move(files, std::back_inserter(all));
  }
  TRY(add_unified(resources, layout, all));
  return all;
}

Result<CgroupPlan> plan_cgroup(const spec::Spec& spec, const CgroupLayout& layout, const std::string& id) {
  CgroupPlan plan;
  plan.path = TRY(plan_cgroup_path(spec.linux.has_value() ? spec.linux->cgroups_path : std::string(), id));
  if (spec.linux.has_value() && spec.linux->resources.has_value()) {
    plan.files = TRY(plan_cgroup_files(*spec.linux->resources, layout));
    plan.memory_check = TRY(plan_memory_check(*spec.linux->resources, layout));
    const std::optional<spec::Memory>& memory = spec.linux->resources->memory;
    plan.check_updates = memory.has_value() && memory->check_before_update.value_or(false);
  }
  const bool any = spec.linux.has_value() && spec.linux->resources.has_value();
  TRY(add_devices(any ? spec.linux->resources->devices : std::vector<spec::DeviceRule>(), layout, plan));
  plan.owner = plan_owner(spec, layout);
  TRY(plan_delegation(spec, layout, plan));
  return plan;
}

namespace {

// cpu.max has both halves: "QUOTA PERIOD".
void complete_cpu(spec::Resources& resources, const std::string& cpu_max) {
  const std::vector<std::string> now = text::split(cpu_max, ' ');
  if (!resources.cpu.has_value() || now.size() != 2) return;
  spec::Cpu& cpu = *resources.cpu;
  const bool quota = cpu.quota.value_or(0) != 0, period = cpu.period.value_or(0) != 0;
  if (period && !quota) cpu.quota = text::number<int64_t>(now[0]).value_or(-1);
  if (quota && !period) cpu.period = text::number<uint64_t>(now[1]);
}

// memory.swap is memory and swap together: what is left for swap depends on the limit that stays. v1 has a number of
// pages that no machine has for "unlimited".
void complete_memory(spec::Resources& resources, const std::string& memory_limit) {
  constexpr int64_t kNone = INT64_MAX / 2;
  if (!resources.memory.has_value() || resources.memory->swap.value_or(0) <= 0) return;
  const std::optional<int64_t> now = text::number<int64_t>(memory_limit);
  if (resources.memory->limit.value_or(0) == 0 && now.value_or(kNone) < kNone) resources.memory->limit = now;
}

}  // namespace

Result<CgroupPlan> plan_cgroup_update(const spec::Resources& resources, const CgroupLayout& layout,
                                      const CurrentLimits& now) {
  spec::Resources whole = resources;
  complete_cpu(whole, now.cpu_max);
  complete_memory(whole, now.memory_limit);
  CgroupPlan plan;
  plan.files = TRY(plan_cgroup_files(whole, layout));
  plan.memory_check = TRY(plan_memory_check(whole, layout));
  if (!resources.devices.empty()) TRY(add_devices(resources.devices, layout, plan));
  const bool only_period = resources.cpu.has_value() && resources.cpu->quota.value_or(0) == 0;
  for (CgroupFile& file : plan.files) {
    if (file.file == "cpu.max" && only_period) file.object = plan::resource_pointer("cpu/period");
  }
  return plan;
}

}  // namespace estiva
