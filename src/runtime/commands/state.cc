// SPDX-License-Identifier: Apache-2.0
// estiva state: the state document of the specification, found out from the kernel.
#include "runtime/commands/command.h"
#include "runtime/parent/status.h"

namespace estiva {

namespace {

Result<int> state(Invocation& in) {
  const std::string id = TRY(parse_operands(kState, nullptr, in, 1, 1))[0];
  const Store store = TRY(Store::open(in.global.root, false));
  const StoredContainer found = TRY(load_container(store, id, Lock::kNone));
  const spec::Status status = TRY(find_status(found.dir, found.record));
  TRY(print(spec::to_json(make_state(found.record, status), spec::Style::kPretty)));
  return 0;
}

}  // namespace

const Command kState = {"state", "ID", "print the state of a container as JSON", {}, state};

}  // namespace estiva
