// SPDX-License-Identifier: Apache-2.0
// After the end.
#include "engine/run/after_exit.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>

#include "engine/container/asked.h"
#include "engine/container/restarting.h"
#include "engine/container/status.h"
#include "engine/network/bridge.h"
#include "engine/run/pause.h"
#include "engine/run/remove.h"
#include "engine/run/restart.h"
#include "engine/run/snapshot.h"
#include "engine/run/users.h"
#include "estiva/base/files.h"
#include "estiva/base/identity.h"
#include "estiva/base/sys_process.h"
#include "estiva/base/sys_socket.h"
#include "estiva/base/text.h"
#include "estiva/base/time.h"
#include "estiva/runtime_options.h"
#include "image/mount/mount.h"

namespace estiva::engine {

namespace {

constexpr int kPatienceMs = 10'000;
constexpr unsigned kKilled = 137, kRebooted = 255;

// A process that is still the one it was; waits for its end.
void kill_process(int32_t pid, uint64_t start) {
  const Result<Fd> pidfd = sys::pidfd_open(pid);
  if (!pidfd.ok() || !is_alive(pid, start)) return;
  (void)sys::pidfd_send_signal(pidfd.value(), SIGKILL);
  struct pollfd watched[] = {{pidfd.value().number(), POLLIN, 0}};
  (void)sys::poll(watched, kPatienceMs);
}

// Nobody saw the end: it is written down what is known.
shim::ExitRecord unseen_end(int64_t started_ns, bool same_boot) {
  shim::ExitRecord exit;
  exit.code = same_boot ? kKilled : kRebooted;
  exit.started_ns = started_ns;
  exit.finished_ns = epoch_ns();
  exit.reason = same_boot ? "its shim was killed" : "host restarted";
  return exit;
}

Result<void> keep_exit(const Engine& engine, const std::string& id, const shim::ExitRecord& exit) {
  keep_signals(engine.containers, id);
  const std::string text = TRY(key_values::write(shim::kExitKeys, &exit));
  const Fd directory = TRY(sys::open(engine.containers.dir(id), O_RDONLY | O_DIRECTORY));
  return files::replace(directory, shim::kExitFile, text, 0600);
}

bool has_run_dir(const Containers& containers, const std::string& id) {
  return sys::fstatat(FdView::cwd(), containers.run_dir(id), 0).ok();
}

// The state goes last: what it names has been cleaned up by then.
Result<void> remove_run_dir(const Containers& containers, const std::string& id) {
  const std::string path = containers.run_dir(id);
  const Fd directory = TRY(sys::open(path, O_RDONLY | O_DIRECTORY));
  for (const std::string& name : TRY(files::list(directory)))
    if (name != shim::kStateFile && name != shim::kExitFile)
      TRY(files::remove_tree(directory, name).ok() ? Result<void>() : sys::unlinkat(directory, name));
  (void)sys::unlinkat(directory, shim::kStateFile);
  return files::remove_tree(FdView::cwd(), path);
}

Result<void> take_down(const Containers& containers, const std::string& id) {
  TRY(leave_bridge(containers, id));
  TRY(unmount_volumes(containers, id));
  return image::unmount(containers.bundle(id) + "/rootfs");
}

// The host went down; or a starter was killed before there was a shim, or who cleaned up when it was almost done.
Result<void> finish_without_shim(const Engine& engine, const std::string& id) {
  const Containers& containers = engine.containers;
  const std::optional<RunningMark> ran = ran_before_boot(containers, id);
  if (ran) TRY(keep_exit(engine, id, unseen_end(ran->started_ns, false)));
  TRY(unmark_running(containers, id));
  if (!has_run_dir(containers, id)) return {};
  TRY(take_down(containers, id));
  return remove_run_dir(containers, id);
}

// It has no record: what is made or removed by a command that lives is locked, or goes at this moment.
Result<void> discard_unmade(const Engine& engine, const std::string& id) {
  const Fd names = TRY(engine.containers.lock_names());
  const Result<Fd> lock = engine.containers.lock(id, false);
  const bool held = lock.ok() && !lock.value().valid();
  if (held || engine.containers.read(id).ok()) return {};
  return discard(engine, id);
}

// It ran, and its shim was killed, or who was to clean up after that and to restart it. What a boot ended, nobody but the
// user starts again.
bool ended_unattended(const Containers& containers, const std::string& id, const Status& status) {
  const Result<std::string> boot = boot_id();
  if (!status.stale || !boot.ok() || status.state.boot != boot.value()) return false;
  return status.state.phase == shim::Phase::kRunning ||
         read_exit(containers.run_file(id, shim::kExitFile)).ok();
}

Result<void> check_one(const Engine& engine, const std::string& id) {
  const Containers& containers = engine.containers;
  const Result<ContainerRecord> record = containers.read(id);
  if (!record.ok())
    return record.error().code() == Code::kNotFound ? discard_unmade(engine, id)
                                                    : Error::from_parts(record.error().parts());
  const Status status = TRY(status_of(containers, record.value()));
  const bool runs = status.condition == Condition::kRunning || status.condition == Condition::kPaused;
  const auto is_left = [&] {
    const bool goes = record.value().options.rm && status.condition == Condition::kExited;
    const bool half_begun = status.condition == Condition::kStarting ||
                            (has_run_dir(containers, id) && !read_state(containers, id).ok());
    return record.value().removing || goes || half_begun;
  };
  const bool broken = !record.value().options.restart.empty() && is_promise_broken(containers, id);
  const bool due =
      status.stale || status.forgotten || broken || (!runs && is_left()) || has_unswept_layers(engine, id);
  if (!due) return {};
  // What a killed command told the runtime to do holds the lock until it is done.
  const Fd lock = TRY(containers.lock(id, status.forgotten));
  if (!lock.valid()) return {};  // somebody is at it
  // Of several commands one goes on with the restart.
  const bool ended = ended_unattended(containers, id, TRY(status_of(containers, record.value())));
  const bool resumes = ended || is_promise_broken(containers, id);
  if (ended) TRY(promise_restart(engine, record.value()));
  TRY(finish_locked(engine, id));
  // What can't be removed is the business of who wants it away.
  if (has_unswept_layers(engine, id)) (void)sweep_container(engine, id);
  if (status.forgotten) return resume_forgotten(engine, record.value());
  TRY(remove_if_due(engine, id));
  return resumes ? pass_promise(engine, id) : Result<void>();
}

}  // namespace

Strings after_exit_command(const Engine& engine, const std::string& id) {
  return {engine.program,
          runtime_options::kRoot,
          engine.containers.root(),
          "--run-root",
          engine.containers.run_root(),
          "_after-exit",
          id};
}

Result<void> finish_locked(const Engine& engine, const std::string& id) {
  const Containers& containers = engine.containers;
  Result<shim::State> found = read_state(containers, id);
  if (!found.ok()) return finish_without_shim(engine, id);
  shim::State state = std::move(found).value();
  const bool same_boot = state.boot == TRY(boot_id());
  const bool ours = state.shim == sys::getpid();
  const bool alive = same_boot && !ours && is_alive(state.shim, state.shim_start);
  const Result<shim::ExitRecord> seen = read_exit(containers.run_file(id, shim::kExitFile));
  if (alive && !seen.ok() && state.phase == shim::Phase::kRunning) return {};
  // A container that was never started, and nobody is to: that one would hold the lock.
  if (alive && !seen.ok()) {
    kill_process(state.shim, state.shim_start);
    state = TRY(read_state(containers, id));  // what it had begun by then
  }
  const bool ran = state.phase == shim::Phase::kRunning || (seen.ok() && seen.value().started_ns != 0);
  if (same_boot) kill_process(state.runtime, state.runtime_start);
  const ContainerRecord record = TRY(containers.read(id));
  TRY(beside_runtime(record, {"delete", runtime_options::kForce, id}, [&]() -> Result<void> {
    if (ran) TRY(keep_exit(engine, id, seen.ok() ? seen.value() : unseen_end(state.started_ns, same_boot)));
    TRY(unmark_running(containers, id));
    return take_down(containers, id);
  }));
  // Of what the runtime knows nothing. Not before: a frozen one would not die.
  if (same_boot) kill_process(state.init, state.init_start);
  return remove_run_dir(containers, id);
}

Result<ContainerRecord> after_exit(const Engine& engine, const std::string& id,
                                   const std::function<void()>& done) {
  const Fd lock = TRY(engine.containers.lock(id));
  ContainerRecord record = TRY(engine.containers.read(id));
  TRY(promise_restart(engine, record));
  // With its last user the kernel takes the file system down, and writes to the disk. That is us, still with the lock.
  const Result<Fd> last_user = sys::open(engine.containers.bundle(id) + "/rootfs", O_PATH | O_DIRECTORY);
  TRY(finish_locked(engine, id));
  TRY(remove_if_due(engine, id, done));
  done();
  return record;
}

Result<std::vector<Error>> reconcile(const Engine& engine) {
  std::vector<Error> damaged;
  for (const std::string& id : TRY(engine.containers.ids())) {
    const Result<void> done = check_one(engine, id);
    if (done.ok() || done.error().code() == Code::kNotFound) continue;
    Error error =
        Error(Error::from_parts(done.error().parts())).context(text::cat("container ", id.substr(0, 12)));
    const Result<ContainerRecord> record = engine.containers.read(id);
    if (record.ok() || record.error().code() == Code::kNotFound) return error;
    damaged.push_back(std::move(error));
  }
  return damaged;
}

}  // namespace estiva::engine
