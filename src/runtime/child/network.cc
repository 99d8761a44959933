// SPDX-License-Identifier: Apache-2.0
// The network namespace: its loopback device is down at first, and programs expect it up. Devices of the host come from
// the parent, which has power over the host's namespace.
#include <sched.h>

#include "estiva/base/sys_socket.h"
#include "runtime/child/steps.h"

namespace estiva::child {

Result<void> take_net_devices(const Context& c, sync::Channel& parent) {
  if (!c.plan.net_devices.empty()) TRY(parent.ask(sync::Type::kNetDevices));
  return {};
}

Result<void> bring_up_loopback(const Context& c) {
  if (!c.plan.namespaces.creates(CLONE_NEWNET)) return {};
  return sys::bring_up_interface("lo").context([] { return "loopback"; });
}

}  // namespace estiva::child
