// SPDX-License-Identifier: Apache-2.0
// estiva pause: freezes every process of a running container.
#include "runtime/cgroup/manager.h"
#include "runtime/commands/command.h"
#include "runtime/commands/container.h"
#include "runtime/parent/status.h"

namespace estiva {

namespace {

Result<int> pause(Invocation& in) {
  const std::vector<std::string> operands = TRY(parse_operands(kPause, nullptr, in, 1, 1));
  const Store store = TRY(Store::open(in.global.root, false));
  const StoredContainer found = TRY(load_container(store, operands[0], Lock::kWait));
  const spec::Status status = TRY(find_status(found.dir, found.record));
  if (status != spec::Status::kRunning) return wrong_state("pause", found.record, status);
  TRY(cgroup::freeze(found.record.cgroup));
  return 0;
}

}  // namespace

const Command kPause = {"pause", "ID", "stop all processes of a running container for a while", {}, pause};

}  // namespace estiva
