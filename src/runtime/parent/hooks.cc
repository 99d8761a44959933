// SPDX-License-Identifier: Apache-2.0
// Hooks that run in the runtime's namespaces: environment as configured or empty, working directory the bundle.
#include "runtime/parent/hooks.h"

#include "estiva/base/process.h"
#include "estiva/base/text.h"

namespace estiva {

Result<void> run_host_hooks(const std::vector<spec::Hook>& hooks, const char* kind,
                            const spec::State& state) {
  for (size_t i = 0; i < hooks.size(); ++i) {
    process::Command command;
    command.path = hooks[i].path;
    command.args = hooks[i].args;
    command.env = hooks[i].env;
    command.directory = state.bundle;
    command.timeout_s = hooks[i].timeout;
    command.input = spec::to_json(state);
    TRY(process::run(command).context([&] { return text::cat("/hooks/", kind, "/", i); }));
  }
  return {};
}

}  // namespace estiva
