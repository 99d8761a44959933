// SPDX-License-Identifier: Apache-2.0
// What follows from the options of create, run and plan.
#include "runtime/commands/bundle.h"

#include <fcntl.h>
#include <stdlib.h>

#include "estiva/base/files.h"
#include "estiva/base/sys_process.h"
#include "estiva/base/text.h"
#include "runtime/parent/notify.h"
#include "runtime/plan/notify.h"

namespace estiva {

void read_listen_variables(RunOptions& options) {
  const char* pid = ::getenv("LISTEN_PID");
  const char* count = ::getenv("LISTEN_FDS");
  if (pid == nullptr || count == nullptr || text::number<pid_t>(pid) != sys::getpid()) return;
  options.listen_fds = text::number<unsigned>(count).value_or(0);
  if (const char* names = ::getenv("LISTEN_FDNAMES")) options.listen_names = names;
}

Result<RunOptions> run_options(const BundleOptions& bundle, const std::string& id) {
  RunOptions options;
  options.id = id;
  options.bundle = TRY(files::absolute(bundle.bundle));
  if (const char* receiver = ::getenv("RUN_OCI_SECCOMP_RECEIVER")) options.seccomp_receiver = receiver;
  return options;
}

std::string config_path(const BundleOptions& bundle, const RunOptions& options) {
  return bundle.config.empty() ? text::cat(options.bundle, "/config.json") : bundle.config;
}

Result<CreateRequest> make_request(const CreateOptions& given, const std::string& id, bool detached,
                                   const Invocation& in) {
  CreateRequest request;
  request.options = TRY(run_options(given, id));
  request.options.pivot = !given.no_pivot;
  request.options.new_keyring = !given.no_new_keyring;
  request.options.preserve_fds = given.preserve_fds;
  request.options.detached = detached;
  request.options.console_socket = !given.console_socket.empty();
  read_listen_variables(request.options);
  request.config = config_path(given, request.options);
  request.pid_file = given.pid_file;
  request.console_socket = given.console_socket;
  request.pidfd_socket = given.pidfd_socket;
  request.exit_record = given.exit_record;
  request.options.cgroups = TRY(wants_cgroups(in));
  if (!host_notify_socket().empty()) {
    request.options.notify_directory =
        text::cat(TRY(files::absolute(in.global.root)), "/", id, "/", plan::kNotifyDirectory);
  }
  return request;
}

Result<void> settle_descriptors(const RunOptions& options) {
  const uint64_t end = uint64_t{3} + options.listen_fds + options.preserve_fds;
  for (uint64_t number = 3; number < end; ++number) {
    const Result<int> flags = sys::fcntl_get_flags(FdView::of_number(static_cast<int>(number)));
    // What was not given to us is one of our own, which may have taken the number.
    if (!flags.ok() || (flags.value() & FD_CLOEXEC) != 0)
      return Error(Code::kInvalid, text::cat("--preserve-fds: descriptor ", number, " is not open"));
  }
  // Modes are ours to choose: a caller's umask of 0 would open the state to others, its 0777 close it to ourselves.
  sys::umask(022);
  return sys::close_range(static_cast<unsigned>(end), ~0u, 0);  // all below it are open
}

}  // namespace estiva
