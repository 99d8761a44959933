// SPDX-License-Identifier: Apache-2.0
// estiva plan: what create would do, as text. Does nothing.
#include "runtime/commands/bundle.h"

namespace estiva {

namespace {

constexpr Option kPlanRows[] = {kBundleRow<BundleOptions>, kConfigRow<BundleOptions>};

[[gnu::cold]] Result<int> print_plan(Invocation& in) {
  BundleOptions given;
  const std::vector<std::string> operands = TRY(parse_operands(kPlan, &given, in, 0, 1));
  RunOptions options = TRY(run_options(given, operands.empty() ? "container" : operands[0]));
  // A plan answers for every way of running it: a terminal is not a question here.
  options.detached = false;
  options.cgroups = TRY(wants_cgroups(in));
  const Plan plan = TRY(load_plan(config_path(given, options), options, in.log));
  TRY(print(to_text(plan)));
  return 0;
}

}  // namespace

const Command kPlan = {"plan", "[NEW-ID]", "print what create would do, step by step; change nothing",
                       kPlanRows, print_plan};

}  // namespace estiva
