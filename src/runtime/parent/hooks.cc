// SPDX-License-Identifier: Apache-2.0
// Hooks that run in the runtime's namespaces: environment as configured or empty, working directory the bundle.
#include "runtime/parent/hooks.h"

#include <fcntl.h>

#include "estiva/base/process.h"
#include "estiva/base/sys.h"
#include "estiva/base/text.h"
#include "runtime/plan/annotations.h"

namespace estiva {

namespace {

Result<Fd> hook_file(const spec::State& state, std::string_view annotation) {
  const auto path = state.annotations.find(std::string(annotation));
  return path == state.annotations.end() ? Result<Fd>(Fd()) : open_hook_output(path->second, annotation);
}

}  // namespace

Result<Fd> open_hook_output(const std::string& path, std::string_view annotation) {
  Result<Fd> file = sys::open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOCTTY, 0600);
  if (file.ok()) return file;
  return std::move(file).error().object(annotations::pointer(annotation));
}

Result<void> run_host_hooks(const std::vector<spec::Hook>& hooks, const char* kind,
                            const spec::State& state) {
  if (hooks.empty()) return {};
  const Fd output = TRY(hook_file(state, annotations::kHooksStdout));
  const Fd error_output = TRY(hook_file(state, annotations::kHooksStderr));
  for (size_t i = 0; i < hooks.size(); ++i) {
    process::Command command;
    command.path = hooks[i].path;
    command.args = hooks[i].args;
    command.env = hooks[i].env;
    command.directory = state.bundle;
    command.output = output;
    command.error_output = error_output;
    command.timeout_s = hooks[i].timeout;
    command.input = spec::to_json(state);
    TRY(process::run(command).context([&] { return text::cat("/hooks/", kind, "/", i); }));
  }
  return {};
}

}  // namespace estiva
