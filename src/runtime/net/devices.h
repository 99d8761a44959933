// SPDX-License-Identifier: Apache-2.0
// Moves network devices of the host into a container's network namespace, and back if the container is not made.
// Runs in the parent, which has the power over both namespaces.
#pragma once

#include <linux/if_addr.h>

#include <optional>
#include <string>
#include <vector>

#include "estiva/base/netlink.h"
#include "runtime/plan/plan.h"

namespace estiva::net {

struct Device {
  int index = 0;
  std::string name;
  uint32_t mtu = 0;
  std::string address;  // of the hardware
  uint32_t master = 0;  // the bridge or the like that it belongs to; 0: none
  bool up = false;
};

class MovedDevices {
 public:
  MovedDevices() = default;
  MovedDevices(const MovedDevices&) = delete;
  MovedDevices& operator=(const MovedDevices&) = delete;
  // Without keep() before it, the devices are again where and as they were.
  ~MovedDevices();

  // Each has its name, MTU, hardware address and permanent global addresses there, and is up.
  Result<void> move(const std::vector<NetDeviceStep>& steps, FdView container_namespace);
  // From now on the devices are the container's: nobody moves them back (config-linux.md).
  void keep() { moved_.clear(); }

 private:
  // As it was on the host.
  struct Moved {
    Device device;
    std::string name;                            // in the container
    std::vector<std::string> addresses, routes;  // payloads of the kernel's messages
  };

  Result<void> move_one(const NetDeviceStep& step, FdView container_namespace);
  Result<void> settle(const Moved& moved);
  void put_back(const Moved& moved);

  std::optional<NetlinkSocket> host_, container_;
  Fd host_namespace_;
  std::vector<Moved> moved_;
};

}  // namespace estiva::net
