// SPDX-License-Identifier: Apache-2.0
// A new network namespace has its loopback device down; programs expect it up.
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <errno.h>

#include "runtime/child/steps.h"

namespace estiva::child {

Result<void> bring_up_loopback(const Context& c) {
  if (!c.plan.namespaces.creates(CLONE_NEWNET)) return {};
  const Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket.valid()) return Error::system("socket", errno).context("loopback");
  struct ifreq request = {};
  strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP | IFF_LOOPBACK | IFF_RUNNING;
  if (::ioctl(socket.number(), SIOCSIFFLAGS, &request) < 0) return Error::system("ioctl SIOCSIFFLAGS", errno).context("loopback");
  return {};
}

}  // namespace estiva::child
