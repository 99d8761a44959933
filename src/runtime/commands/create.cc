// SPDX-License-Identifier: Apache-2.0
// estiva create: makes a container whose program waits for start.
#include "runtime/commands/bundle.h"
#include "runtime/parent/protect.h"

namespace estiva {

namespace {

constexpr Option kCreateRows[] = {
    kBundleRow<CreateOptions>,  kConfigRow<CreateOptions>,    kConsoleRow<CreateOptions>,
    kExitRow<CreateOptions>,    kPidfdRow<CreateOptions>,     kPidFileRow<CreateOptions>,
    kNoPivotRow<CreateOptions>, kNoKeyringRow<CreateOptions>, kPreserveRow<CreateOptions>,
};

Result<int> create(Invocation& in) {
  CreateOptions given;
  const std::string id = TRY(parse_operands(kCreate, &given, in, 1, 1))[0];
  TRY(check_id(id));
  CreateRequest request = TRY(make_request(given, id, true, in));
  TRY(settle_descriptors(request.options));
  TRY(protect_own_binary(in.argv));
  const Plan plan = TRY(load_plan(request.config, request.options, in.log));
  const Store store = TRY(Store::open(in.global.root, true));
  TRY(create_container(store, plan, request, in.log));
  return 0;
}

}  // namespace

const Command kCreate = {"create", "NEW-ID", "make a container from a bundle, without starting its program",
                         kCreateRows, create};

}  // namespace estiva
