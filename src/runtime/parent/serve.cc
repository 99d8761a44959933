// SPDX-License-Identifier: Apache-2.0
// Answers what the init asks for: one case each (sync/protocol.h).
#include "runtime/parent/serve.h"

#include <fcntl.h>
#include <unistd.h>

#include "estiva/base/files.h"
#include "estiva/base/process.h"
#include "estiva/base/sys_process.h"
#include "estiva/base/text.h"
#include "runtime/cgroup/manager.h"
#include "runtime/parent/hooks.h"
#include "runtime/parent/limits.h"

namespace estiva {

namespace {

// user_namespaces(7): one write a file. Without privilege setgroups(2) must be denied first, or a process could drop
// a group that keeps it out of something (CVE-2014-8989).
Result<void> write_id_maps(const InitProcess& init, const NamespacePlan& plan) {
  const std::string process = text::cat("/proc/", init.pid(), "/");
  if (sys::effective_uid() != 0) TRY(files::write_kernel(FdView::cwd(), process + "setgroups", "deny"));
  TRY(files::write_kernel(FdView::cwd(), process + "uid_map", plan.uid_map).context([] {
    return "/linux/uidMappings";
  }));
  return files::write_kernel(FdView::cwd(), process + "gid_map", plan.gid_map).context([] {
    return "/linux/gidMappings";
  });
}

Result<void> run_early_hooks(const InitProcess& init, const Plan& plan, const Record& record) {
  spec::State state = make_state(record, spec::Status::kCreating);
  state.pid = init.pid();
  // prestart is older than the status creating; programs written for it, and crun, take the container for created.
  state.status = spec::Status::kCreated;
  TRY(run_host_hooks(plan.hooks.prestart, "prestart", state));
  state.status = spec::Status::kCreating;
  return run_host_hooks(plan.hooks.create_runtime, "createRuntime", state);
}

Result<void> follow(InitProcess& init, const std::string& payload) {
  const auto pid = text::number<pid_t>(payload);
  if (!pid || *pid <= 0) return Error(Code::kInternal, "the init has no number");
  TRY(init.channel().send(sync::Type::kDone));
  return init.move_to(*pid);
}

// It ended without a word: what happened to it is all that there is to say.
Error ended(InitProcess& init) {
  Result<siginfo_t> info = sys::wait_pid(init.pid());
  init.release();
  if (!info.ok()) return std::move(info).error();
  return Error(Code::kSystem,
               text::cat("the container's init ended early: ", process::describe(info.value())));
}

Result<void> move_net_devices(const InitProcess& init, const Plan& plan, net::MovedDevices& devices) {
  const Fd there = TRY(sys::open(text::cat("/proc/", init.pid(), "/ns/net"), O_RDONLY));
  return devices.move(plan.net_devices, there);
}

Result<void> answer(InitProcess& init, Result<void> done) {
  if (!done.ok()) return done;  // the init is killed, it needs no answer
  return init.channel().send(sync::Type::kDone);
}

}  // namespace

Result<void> serve(InitProcess& init, const Plan& plan, const Record& record, net::MovedDevices& devices,
                   const std::function<Result<void>()>& ready) {
  for (;;) {
    const sync::Message message = TRY(init.channel().receive());
    switch (message.type) {
      case sync::Type::kMapIds:
        TRY(answer(init, write_id_maps(init, plan.namespaces)));
        break;
      case sync::Type::kCgroup:
        TRY(answer(init, cgroup::delegate(record.cgroup, plan.cgroup, init.pid())));
        break;
      case sync::Type::kNetDevices:
        TRY(answer(init, move_net_devices(init, plan, devices)));
        break;
      case sync::Type::kHooks:
        TRY(answer(init, run_early_hooks(init, plan, record)));
        break;
      case sync::Type::kMoved:
        TRY(follow(init, message.payload));
        break;
      case sync::Type::kLimits:
        TRY(answer(init, apply_limits(init.pid(), plan)));
        break;
      case sync::Type::kReady:
        return ready();
      case sync::Type::kError:
        return sync::decode_error(message.payload);
      case sync::Type::kEnd:
        return ended(init);
      default:
        return Error(Code::kInternal, "the init sent an answer instead of a question");
    }
  }
}

}  // namespace estiva
