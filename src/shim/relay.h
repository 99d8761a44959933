// SPDX-License-Identifier: Apache-2.0
// Connections and datagrams to published ports that the kernel can't pass on by rules: those to [::1], and all of IPv6
// where the host does not forward it. A child of the shim passes on what they say, from the first until there was none
// for some time. The shim itself never reads a byte of them.
#pragma once

#include <list>
#include <string>
#include <vector>

#include "estiva/base/error.h"
#include "estiva/base/fd.h"
#include "shim/held.h"

namespace estiva::shim {

class Relay {
 public:
  // A child has the sockets: nobody else is to wait for connections.
  bool accepts() const { return accepting_.pid != 0; }
  // `addresses`: the container's, tried in this order (texts).
  Result<void> start(const std::list<Held>& held, const std::vector<std::string>& addresses);
  // The sockets are about to change: the child has closed them when this returns, and its connections go on.
  void let_go();
  // Of any child of this process.
  void ended(pid_t pid);

 private:
  struct Child {
    pid_t pid = 0;
    Fd control;  // as long as it is open we live
  };

  Child accepting_;
  std::vector<Child> others_;  // with connections only
};

}  // namespace estiva::shim
