// SPDX-License-Identifier: Apache-2.0
// Removal: marked first, so that the next command goes on where a killed one stopped.
#include "engine/run/remove.h"

#include "engine/container/status.h"
#include "engine/run/after_exit.h"
#include "engine/run/stop.h"
#include "engine/run/users.h"
#include "estiva/base/files.h"
#include "estiva/base/identity.h"
#include "estiva/base/text.h"
#include "image/bundle/bundle.h"
#include "image/mount/mount.h"

namespace estiva::engine {

namespace {

Error refuse_running(const ContainerRecord& record, Condition condition) {
  return Error(Code::kState, text::cat("You cannot remove a ", name_of(condition), " container ", record.id,
                                       ". Stop the container before attempting removal or force remove"));
}

Result<void> remove_marked(const Engine& engine, ContainerRecord record) {
  record.removing = true;
  TRY(engine.containers.write(record));
  return discard(engine, record.id);
}

bool runs(const Status& status) {
  return status.condition == Condition::kRunning || status.condition == Condition::kPaused;
}

// False: somebody has started it before we had the lock.
Result<bool> remove_ended(const Engine& engine, const std::string& id) {
  const Fd lock = TRY(engine.containers.lock(id));
  TRY(finish_locked(engine, id));
  const ContainerRecord record = TRY(engine.containers.read(id));
  if (runs(TRY(status_of(engine.containers, record)))) return false;
  TRY(remove_marked(engine, record));
  return true;
}

// False: it runs again.
Result<bool> try_remove(const Engine& engine, const std::string& id, bool force) {
  const ContainerRecord record = TRY(engine.containers.read(id));
  const Status status = TRY(status_of(engine.containers, record));
  const bool running = runs(status) || status.condition == Condition::kRestarting;
  if (running && !force) return refuse_running(record, status.condition);
  if (running) TRY(kill_container(engine, record));
  return remove_ended(engine, id);
}

}  // namespace

Result<void> discard(const Engine& engine, const std::string& id, const std::function<void()>& gone) {
  const std::string bundle = engine.containers.bundle(id);
  TRY(unmount_volumes(engine.containers, id));
  TRY(image::unmount(bundle + "/rootfs"));
  // Half a bundle is removed as files.
  const Result<void> withdrawn = image::withdraw_bundle(engine.store, bundle);
  if (!withdrawn.ok()) TRY(image::unmount(bundle + "/.cais/lower"));
  TRY(files::remove_tree(FdView::cwd(), engine.containers.run_dir(id)));
  TRY(engine.containers.forget(id));  // before its lock goes
  if (gone) gone();
  TRY(files::remove_tree(FdView::cwd(), bundle));
  return files::remove_tree(FdView::cwd(), engine.containers.dir(id));
}

Result<void> remove_if_due(const Engine& engine, const std::string& id, const std::function<void()>& gone) {
  const ContainerRecord record = TRY(engine.containers.read(id));
  const Status status = TRY(status_of(engine.containers, record));
  const bool ended = status.condition == Condition::kExited && !read_state(engine.containers, id).ok();
  if (record.removing || (record.options.rm && ended)) return discard(engine, id, gone);
  return {};
}

Result<bool> remove_damaged(const Engine& engine, const std::string& wanted) {
  const Containers& containers = engine.containers;
  Strings found;
  for (const std::string& id : TRY(containers.ids()))
    if (!wanted.empty() && id.starts_with(wanted)) found.push_back(id);
  if (found.size() != 1) return false;
  const std::string& id = found[0];
  const Fd lock = TRY(containers.lock(id));
  const Result<ContainerRecord> record = containers.read(id);
  if (record.ok() || record.error().code() == Code::kNotFound) return false;
  const Result<shim::State> state = read_state(containers, id);
  if (state.ok() && state.value().boot == TRY(boot_id()) &&
      is_alive(state.value().shim, state.value().shim_start))
    return Error(Code::kState, text::cat("runs, and its record can't be read: ", record.error().to_string()))
        .object(id.substr(0, 12))
        .hint(text::cat("end its cais-shim first, process ", state.value().shim));
  TRY(discard(engine, id));
  return true;
}

Result<void> remove_container(const Engine& engine, const std::string& id, bool force) {
  for (;;) {
    const Result<bool> removed = try_remove(engine, id, force);
    if (removed.ok() && !removed.value()) continue;
    const bool gone = !removed.ok() && removed.error().code() == Code::kNotFound;  // --rm did it
    return removed.ok() || gone ? Result<void>() : Error::from_parts(removed.error().parts());
  }
}

}  // namespace estiva::engine
