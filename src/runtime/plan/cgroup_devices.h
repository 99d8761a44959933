// SPDX-License-Identifier: Apache-2.0
// Device rules of a container: what linux.resources.devices and the default devices allow together, as lines for the
// v1 devices controller or as a program for cgroup v2. Pure.
//
// Meaning of the list: each of read, write and mknod on a device node is decided by the last rule that names it; what
// no rule names is denied; an access that needs two of them (open for reading and writing) needs both allowed.
#pragma once

#include <linux/bpf.h>

#include <cstdint>
#include <string_view>
#include <vector>

#include "estiva/base/error.h"
#include "estiva/spec/resources.h"
#include "runtime/plan/cgroup.h"

namespace estiva {

struct DevicePolicy {
  static constexpr int32_t kAny = -1;
  struct Rule {
    bool allow = false;
    uint8_t types = 0;     // BPF_DEVCG_DEV_BLOCK | BPF_DEVCG_DEV_CHAR
    int32_t major = kAny;  // kAny: all
    int32_t minor = kAny;
    uint8_t access = 0;  // BPF_DEVCG_ACC_*
    int32_t index = -1;  // in the configuration's list; -1: a default device
    bool operator==(const Rule&) const = default;
  };
  bool allow = false;       // what no rule names
  std::vector<Rule> rules;  // a later one wins; none of them is without effect

  bool allows_all() const { return allow && rules.empty(); }
};

// The configuration's rules, then the default devices, without the rules that decide nothing.
Result<DevicePolicy> plan_devices(const std::vector<spec::DeviceRule>& rules);

// For devices.allow and devices.deny. v1 knows exceptions from one default, but no exception from an exception: a list
// that needs one is refused.
Result<std::vector<DeviceLine>> device_lines(const DevicePolicy& policy);

// What leads from the rules that devices.list shows to `wanted`, which device_lines made.
struct DeviceTransition {
  std::vector<DeviceLine> lines;
  bool starts_anew = false;  // for a moment all is denied or all is allowed
};
DeviceTransition device_transition(const std::vector<DeviceLine>& wanted, std::string_view devices_list);
// devices.list as the lines that would make it; exceptions from "allow all" are not in it.
std::vector<DeviceLine> listed_device_lines(std::string_view devices_list);

// BPF_PROG_TYPE_CGROUP_DEVICE; without branches, for they are what the verifier's time goes to.
std::vector<struct bpf_insn> device_program(const DevicePolicy& policy);

}  // namespace estiva
