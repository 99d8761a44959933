// SPDX-License-Identifier: Apache-2.0
// start.
#include "engine/run/start.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include <functional>

#include "engine/container/asked.h"
#include "engine/container/restarting.h"
#include "engine/container/status.h"
#include "engine/network/bridge.h"
#include "engine/network/network.h"
#include "engine/run/after_exit.h"
#include "engine/run/program.h"
#include "engine/run/remove.h"
#include "engine/run/signals.h"
#include "engine/run/users.h"
#include "estiva/base/files.h"
#include "estiva/base/process.h"
#include "estiva/base/sys_mount.h"
#include "estiva/base/sys_process.h"
#include "estiva/base/text.h"
#include "estiva/base/time.h"
#include "estiva/base/undo.h"
#include "image/bundle/bundle.h"
#include "image/mount/mount.h"

namespace estiva::engine {

namespace {

constexpr char kShim[] = "cais-shim";

Result<void> write_conf(const Engine& engine, const ContainerRecord& record,
                        const std::optional<Joined>& joined) {
  const Containers& containers = engine.containers;
  const ContainerOptions& options = record.options;
  const LogLimits log = TRY(log_limits(options));
  shim::Conf conf;
  conf.id = record.id;
  conf.runtime = record.runtime;
  conf.bundle = containers.bundle(record.id);
  conf.terminal = options.tty;
  conf.input = !options.interactive ? shim::Input::kNone : shim::Input::kOnce;
  if (options.log_driver != "none") conf.log = containers.file(record.id, "log");
  conf.log_max_size = log.max_size;
  conf.log_max_files = log.max_files;
  if (joined) {
    conf.address = {joined->endpoint.address};
    if (!joined->endpoint.address_v6.empty()) conf.address.push_back(joined->endpoint.address_v6);
    for (const HeldPort& each : joined->held)
      conf.held.push_back(each.port == 0 ? text::cat(each.socket.number())
                                         : text::cat(each.socket.number(), ":", each.port));
  }
  conf.after_exit = after_exit_command(engine, record.id);
  const std::string text = TRY(key_values::write(shim::kConfKeys, &conf));
  const Fd directory = TRY(sys::open(containers.run_dir(record.id), O_RDONLY | O_DIRECTORY));
  return files::replace(directory, shim::kConfFile, text, 0600);
}

// What the shim says once it has created the container, or not; `beside` is done meanwhile.
Result<void> start_shim(const Engine& engine, const ContainerRecord& record,
                        const std::function<Result<void>()>& beside) {
  process::Command command;
  command.path = shim_program(engine);
  command.args = {command.path, engine.containers.run_dir(record.id)};
  command.env = environment();
  sys::Pipe pipe = TRY(sys::pipe());
  const Fd null = TRY(sys::open("/dev/null", O_RDONLY));
  const pid_t pid = TRY(process::spawn(command, {null, pipe.write, FdView::of_number(-1)}).context([&] {
    return command.path;
  }));
  pipe.write.reset();
  Result<void> done_beside = beside();
  Result<std::string> said = files::read_fd(pipe.read, shim::kMaxRecord);
  (void)TRY(sys::wait_pid(pid));
  TRY(std::move(done_beside));
  shim::Report report;
  TRY(key_values::parse(shim::kReportKeys, &report, TRY(std::move(said)), key_values::Unknown::kIgnore));
  if (report.pid > 0) return {};
  return Error(Code::kSystem, report.error.empty() ? "the shim ended without a word" : report.error);
}

// A network namespace that belongs to the container's users is there only once the runtime has made both.
Result<void> connect_made(const Engine& engine, const ContainerRecord& record, Joined& joined) {
  const Step step(engine.timeline, "network");
  const shim::State state = TRY(read_state(engine.containers, record.id));
  joined.network_namespace = TRY(sys::open(text::cat("/proc/", state.init, "/ns/net"), O_RDONLY));
  if (!is_alive(state.init, state.init_start)) return Error(Code::kState, "the container ended meanwhile");
  TRY(pin_namespace(engine.containers, record.id, joined.network_namespace));
  return connect_bridge(joined);
}

Result<ShimConnection> start_mounted(const Engine& engine, const ContainerRecord& record,
                                     const StartRequest& request, std::optional<Joined>& joined) {
  // What the runtime is to set in the container's network may need the links.
  const bool early = !record.options.sysctl.empty(), late = record.maps_ids();
  if (joined && early && !late) TRY(connect_bridge(*joined));
  {
    const Step step(engine.timeline, "shim, and create by the runtime");
    TRY(start_shim(engine, record, [&]() -> Result<void> {
      Fd::close_waiting();
      return joined && !early && !late ? connect_bridge(*joined) : Result<void>();
    }));
  }
  if (joined && late) TRY(connect_made(engine, record, *joined));
  const Step step(engine.timeline, "start by the runtime");
  const shim::Hello hello{kPatience, request.size.rows, request.size.columns, shim::kVersion, request.wants};
  ShimConnection connection =
      TRY(ShimConnection::open(engine.containers.run_file(record.id, shim::kSocketFile), hello));
  TRY(connection.send(shim::Type::kStart));
  TRY(connection.await_started());
  return connection;
}

// Scripts look for docker's words where the program is not there; each runtime has its own.
Error in_dockers_words(const std::string& bundle, const Error& error) {
  Error same = Error::from_parts(error.parts());
  if (status_of_error(error) == kEngineError) return same;
  const Result<RootDir> root = RootDir::open(bundle + "/rootfs");
  const Result<spec::Spec> spec = image::read_bundle_spec(bundle);
  if (!root.ok() || !spec.ok()) return same;
  const std::optional<std::string> refusal = check_program(root.value(), *spec.value().process);
  return refusal ? Error(Code::kNotFound, *refusal) : std::move(same);
}

// What was to be restarted may have been stopped, or started, meanwhile.
Result<void> check_startable(const Status& status, bool by_policy) {
  if (by_policy && status.condition != Condition::kRestarting)
    return Error(Code::kState, "the container is not to be restarted any more");
  if (status.condition == Condition::kCreated || has_ended(status.condition)) return {};
  if (status.condition == Condition::kPaused)
    return Error(Code::kState, "cannot start a paused container, try unpause instead");
  return Error(Code::kState, text::cat("the container is ", name_of(status.condition)));
}

// With the container's lock.
Result<ShimConnection> start_locked(const Engine& engine, const ContainerRecord& record,
                                    const StartRequest& request) {
  const Containers& containers = engine.containers;
  const std::string& id = record.id;
  TRY(files::remove_tree(FdView::cwd(), containers.run_dir(id)));
  TRY(files::make_directories(containers.run_dir(id), 0700));
  Undo undo([&] { (void)finish_locked(engine, id); });
  TRY(mark_running(containers, id));
  const NetworkMode network = TRY(network_mode(record.options));
  std::optional<Joined> joined;
  if (network == NetworkMode::kBridge) {
    const Step step(engine.timeline, "network");
    joined = TRY(join_bridge(containers, record));
  }
  TRY(write_network_files(record, containers.dir(id),
                          joined ? std::optional(joined->endpoint) : std::nullopt));
  if (network == NetworkMode::kContainer) TRY(join_container(containers, record));
  TRY(provide_for_users(engine, record));
  {
    const Step step(engine.timeline, "mounts of the root file system");
    TRY(record.maps_ids() ? image::mount_bundle_mapped(engine.store, containers.bundle(id), mount_ids(record))
                          : image::mount_bundle(engine.store, containers.bundle(id)));
  }
  TRY(write_conf(engine, record, joined));
  const std::vector<HeldPort> held = joined ? std::move(joined->held) : std::vector<HeldPort>();
  for (const HeldPort& each : held) TRY(sys::set_close_on_exec(each.socket, false));
  Result<ShimConnection> connection = start_mounted(engine, record, request, joined);
  if (!connection.ok())
    return explain_way(engine, record, in_dockers_words(containers.bundle(id), connection.error()));
  undo.dismiss();
  return connection;
}

}  // namespace

std::string shim_program(const Engine& engine) {
  return text::cat(engine.program.substr(0, engine.program.rfind('/') + 1), kShim);
}

int status_of_error(const Error& error) {
  const std::string text = text::lower(error.to_string());
  const auto has = [&](std::string_view part) { return text.find(part) != text.npos; };
  const bool of_program = has("exec") || has("/process/args");
  if (of_program && (has("no such file") || has("not found") || has("is not in"))) return kNotFound;
  if (of_program && (has("permission denied") || has("is a directory") || has("exec format")))
    return kNotExecutable;
  return kEngineError;
}

Result<ShimConnection> start_container(const Engine& engine, const std::string& id,
                                       const StartRequest& request) {
  const Containers& containers = engine.containers;
  const Fd lock = TRY(containers.lock(id));
  TRY(finish_locked(engine, id));
  ContainerRecord record = TRY(containers.read(id));
  TRY(check_startable(TRY(status_of(containers, record)), request.by_policy));
  if (!request.by_policy) TRY(forget_promise(containers, id));
  const uint32_t restarts = request.by_policy ? record.restarts + 1 : 0;
  if (record.restarts != restarts || record.stopped_by_user) {
    record.stopped_by_user = false;
    record.restarts = restarts;
    TRY(containers.write(record));
  }
  Result<ShimConnection> started = start_locked(engine, record, request);
  StartError note;
  if (!started.ok()) note = {epoch_ns(), started.error().to_string()};
  note_start(containers, id, note);
  return started;
}

}  // namespace estiva::engine
