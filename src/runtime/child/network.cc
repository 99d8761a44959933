// SPDX-License-Identifier: Apache-2.0
// A new network namespace has its loopback device down; programs expect it up.
#include <sched.h>

#include "estiva/base/sys_socket.h"
#include "runtime/child/steps.h"

namespace estiva::child {

Result<void> bring_up_loopback(const Context& c) {
  if (!c.plan.namespaces.creates(CLONE_NEWNET)) return {};
  return sys::bring_up_interface("lo").context([] { return "loopback"; });
}

}  // namespace estiva::child
