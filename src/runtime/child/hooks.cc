// SPDX-License-Identifier: Apache-2.0
// Hooks that run in the container's namespaces. Their environment is the configuration's or empty, never the
// container's, and their working directory is "/" (CVE-2025-23266).
#include "estiva/base/process.h"
#include "estiva/base/sys_process.h"
#include "estiva/base/text.h"
#include "runtime/child/steps.h"

namespace estiva::child {

Result<void> run_hooks(const Context& c, const std::vector<spec::Hook>& hooks, const char* kind,
                       const HookState& state) {
  if (!hooks.empty()) Fd::close_waiting();  // a hook may unmount what they hold
  for (size_t i = 0; i < hooks.size(); ++i) {
    process::Command command;
    command.path = hooks[i].path;
    command.args = hooks[i].args;
    command.env = hooks[i].env;
    command.directory = "/";
    command.output = c.hooks_stdout;
    command.error_output = c.hooks_stderr;
    command.timeout_s = hooks[i].timeout;
    command.input = text::cat(state.before_pid, sys::getpid(), state.after_pid);
    TRY(process::run(command).context([&] { return text::cat("/hooks/", kind, "/", i); }));
  }
  return {};
}

}  // namespace estiva::child
