// SPDX-License-Identifier: Apache-2.0
// Network devices of the host that move into the container: their names (config-linux.md, "Network Devices").
#include <sched.h>

#include <algorithm>

#include "estiva/base/text.h"
#include "runtime/plan/parts.h"
#include "runtime/plan/pointer.h"

namespace estiva::plan {

namespace {

constexpr size_t kNameSize = 16;  // IFNAMSIZ, with the NUL

// dev_valid_name of the kernel.
Result<void> check_name(const std::string& name, const std::string& object) {
  const auto forbidden = [](char c) { return c == '/' || c == ':' || (c >= '\t' && c <= '\r') || c == ' '; };
  const bool valid = !name.empty() && name.size() < kNameSize && name != "." && name != ".." &&
                     std::ranges::none_of(name, forbidden);
  if (valid) return {};
  return Error::invalid(object, text::cat(text::quote(name), " is no name of a network device"))
      .hint("1 to 15 bytes without blanks, \"/\" and \":\"");
}

// "eth%d" is the first free of eth0, eth1, ... and may stand there only once.
Result<void> check_template(NetDeviceStep& step) {
  const size_t percent = step.name.find('%');
  if (percent == std::string::npos) return {};
  step.is_template = true;
  if (step.name.compare(percent, 2, "%d") == 0 && step.name.find('%', percent + 1) == std::string::npos)
    return {};
  return Error::invalid(step.object + "/name",
                        text::cat(text::quote(step.name), " has a \"%\" that is not one \"%d\""));
}

}  // namespace

Result<std::vector<NetDeviceStep>> plan_net_devices(const Input& in, const NamespacePlan& namespaces) {
  std::vector<NetDeviceStep> steps;
  if (!in.linux.net_devices.empty() && !namespaces.has(CLONE_NEWNET)) {
    return Error::invalid("/linux/netDevices", "needs a network namespace")
        .hint("add {\"type\": \"network\"} to /linux/namespaces");
  }
  for (const auto& [host_name, device] : in.linux.net_devices) {
    NetDeviceStep step;
    step.object = text::cat("/linux/netDevices/", escape_pointer(host_name));
    step.host_name = host_name;
    step.name = device.name.empty() ? host_name : device.name;
    TRY(check_name(host_name, step.object));
    TRY(check_name(step.name, step.object + "/name"));
    if (!device.name.empty()) TRY(check_template(step));
    if (step.name == "lo")
      return Error::invalid(step.object, "the loopback device is in every namespace already");
    const bool twice =
        !step.is_template && std::ranges::find(steps, step.name, &NetDeviceStep::name) != steps.end();
    if (twice)
      return Error::invalid(step.object + "/name", text::cat(text::quote(step.name), " is given twice"));
    steps.push_back(std::move(step));
  }
  return steps;
}

}  // namespace estiva::plan
