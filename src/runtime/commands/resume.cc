// SPDX-License-Identifier: Apache-2.0
// estiva resume: lets the processes of a paused container go on.
#include "runtime/cgroup/manager.h"
#include "runtime/commands/command.h"
#include "runtime/commands/container.h"
#include "runtime/parent/status.h"

namespace estiva {

namespace {

Result<int> resume(Invocation& in) {
  const std::vector<std::string> operands = TRY(parse_operands(kResume, nullptr, in, 1, 1));
  const Store store = TRY(Store::open(in.global.root, false));
  const StoredContainer found = TRY(load_container(store, operands[0], Lock::kWait));
  const spec::Status status = TRY(find_status(found.dir, found.record));
  if (status != spec::Status::kPaused) return wrong_state("resume", found.record, status);
  TRY(cgroup::thaw(found.record.cgroup));
  return 0;
}

}  // namespace

const Command kResume = {"resume", "ID", "let the processes of a paused container go on", {}, resume};

}  // namespace estiva
