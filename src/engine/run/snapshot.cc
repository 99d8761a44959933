// SPDX-License-Identifier: Apache-2.0
// snap, rollback, undo.
#include "engine/run/snapshot.h"

#include <fcntl.h>
#include <sys/mount.h>

#include <utility>

#include "engine/container/status.h"
#include "engine/run/after_exit.h"
#include "engine/run/pause.h"
#include "engine/run/start.h"
#include "engine/run/stop.h"
#include "estiva/base/files.h"
#include "estiva/base/root_dir.h"
#include "estiva/base/sys_mount.h"
#include "estiva/base/text.h"
#include "estiva/base/undo.h"
#include "image/mount/mount.h"

namespace estiva::engine {

namespace {

constexpr char kUnswept[] = "unswept";

std::string rootfs_of(const Engine& engine, const std::string& id) {
  return text::cat(engine.containers.bundle(id), "/", image::bundle_place::kRootfs);
}

bool runs(Condition condition) { return condition == Condition::kRunning || condition == Condition::kPaused; }

bool stands(Condition condition) { return condition == Condition::kCreated || has_ended(condition); }

Error in_the_way(const ContainerRecord& record, Condition condition) {
  return Error(Code::kState, text::cat("Container ", record.name, " is ", name_of(condition)));
}

Error is_running(const ContainerRecord& record) {
  return Error(Code::kState,
               text::cat("Container ", record.name, " is running: its files can't be exchanged"))
      .hint("stop it first, or --force stops it and starts it again");
}

// Not lazily: nobody may write to what is a snapshot from now on. We are not to be in the way ourselves.
Result<void> unmount_rootfs(const std::string& rootfs) {
  if (!image::is_mounted(rootfs, image::kOverlayType)) return {};
  Fd::close_waiting();
  return sys::umount2(rootfs, UMOUNT_NOFOLLOW).context([&] { return rootfs; });
}

// As `create` made it: not every runtime does.
Result<void> make_working_directory(const Engine& engine, const std::string& bundle,
                                    const std::string& rootfs) {
  const spec::Spec spec = TRY(image::read_bundle_spec(bundle).context([&] { return text::quote(bundle); }));
  const std::string cwd = spec.process ? spec.process->cwd : "/";
  TRY(image::mount_bundle(engine.store, bundle));
  const RootDir root = TRY(RootDir::open(rootfs));
  TRY(root.make_directories(cwd, 0755).context(
      [&] { return text::cat("the working directory ", text::quote(cwd)); }));
  return {};
}

// A container that its lock is held of, while its layers change.
struct Held {
  const Engine& engine;
  ContainerRecord record;
  Condition condition;
  std::string bundle;

  Result<image::BundleState> state() const { return image::read_bundle(bundle); }
};

// `act` is called with a Held.
template <typename Act>
auto with_layers(const Engine& engine, const std::string& id, const Act& act)
    -> decltype(act(std::declval<const Held&>())) {
  const Containers& containers = engine.containers;
  const Fd lock = TRY(containers.lock(id));
  TRY(finish_locked(engine, id));
  ContainerRecord record = TRY(containers.read(id));
  const Condition condition = TRY(condition_of(containers, record));
  if (!stands(condition) && !runs(condition)) return in_the_way(record, condition);
  const Held held{engine, std::move(record), condition, containers.bundle(id)};
  { const Fd mark = TRY(sys::open(containers.file(id, kUnswept), O_WRONLY | O_CREAT | O_NOFOLLOW, 0600)); }
  auto done = act(held);
  const Result<void> swept = sweep_container(engine, id);
  if (done.ok() && !swept.ok()) return Error::from_parts(swept.error().parts());
  return done;
}

Result<std::string> snapshot_of(const Held& held, const std::string& wanted) {
  std::string name = TRY(image::new_snapshot_name(TRY(held.state()), wanted));
  if (held.condition == Condition::kRunning) return in_the_way(held.record, held.condition);
  if (held.condition == Condition::kPaused) {
    TRY(image::freeze_copy(held.bundle, name));
  } else {
    TRY(unmount_rootfs(rootfs_of(held.engine, held.record.id)));
    TRY(image::freeze(held.bundle, name));
  }
  return name;
}

Result<std::string> wanted_state(const image::BundleState& state, const BackRequest& request) {
  if (request.where == Back::kBeforeRollback) return image::last_left(state);
  return request.name.empty() ? image::newest_snapshot(state) : image::find_snapshot(state, request.name);
}

Result<image::Rollback> back_of(const Held& held, const BackRequest& request) {
  const std::string snapshot = TRY(wanted_state(TRY(held.state()), request));
  if (runs(held.condition)) return is_running(held.record);
  TRY(unmount_rootfs(rootfs_of(held.engine, held.record.id)));
  return image::go_back(held.engine.store, held.bundle, snapshot);
}

}  // namespace

Result<std::string> take_snapshot(const Engine& engine, const std::string& id, const std::string& wanted) {
  const ContainerRecord record = TRY(engine.containers.read(id));
  TRY(image::new_snapshot_name(TRY(image::read_bundle(engine.containers.bundle(id))), wanted));
  const Condition condition = TRY(condition_of(engine.containers, record));
  const bool pauses = condition == Condition::kRunning;
  if (pauses) TRY(pause_container(engine, record, PausedUntil::kOurEnd));
  const Undo resume([&] {
    if (pauses) (void)unpause_container(engine, record);
  });
  return with_layers(engine, id, [&](const Held& held) { return snapshot_of(held, wanted); });
}

Result<BackResult> go_back(const Engine& engine, const std::string& id, const BackRequest& request) {
  const ContainerRecord record = TRY(engine.containers.read(id));
  const bool running = runs(TRY(condition_of(engine.containers, record)));
  BackResult out;
  if (running && request.force) {
    TRY(wanted_state(TRY(image::read_bundle(engine.containers.bundle(id))), request));
    if (record.options.rm)
      return Error(Code::kState, text::cat("Container ", record.name, " is removed when it ends (--rm)"));
    out.note = TRY(stop_container(engine, record, {}));
  }
  out.done = TRY(with_layers(engine, id, [&](const Held& held) { return back_of(held, request); }));
  if (running && request.force) TRY(start_container(engine, id, {}));
  return out;
}

Result<bool> remove_snapshot(const Engine& engine, const std::string& id, const std::string& name) {
  return with_layers(engine, id, [&](const Held& held) { return image::remove_snapshot(held.bundle, name); });
}

bool has_unswept_layers(const Engine& engine, const std::string& id) {
  return sys::fstatat(FdView::cwd(), engine.containers.file(id, kUnswept), AT_SYMLINK_NOFOLLOW).ok();
}

Result<void> sweep_container(const Engine& engine, const std::string& id) {
  const std::string bundle = engine.containers.bundle(id), rootfs = rootfs_of(engine, id);
  TRY(image::sweep_layers(bundle));
  const Condition condition = TRY(condition_of(engine.containers, TRY(engine.containers.read(id))));
  Result<void> made;
  if (stands(condition) && TRY(image::is_as_image(bundle)))
    made = make_working_directory(engine, bundle, rootfs);
  // One that was never started stays mounted, as it was created. Who works in there may stay.
  if (has_ended(condition)) (void)unmount_rootfs(rootfs);
  TRY(std::move(made));
  return sys::unlinkat(FdView::cwd(), engine.containers.file(id, kUnswept));
}

}  // namespace estiva::engine
