// SPDX-License-Identifier: Apache-2.0
// The view, and its end.
#include "engine/run/view.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sys/file.h>
#include <sys/mount.h>

#include <algorithm>

#include "engine/container/status.h"
#include "engine/spec/make_spec.h"
#include "estiva/base/sys_mount.h"
#include "estiva/base/sys_process.h"
#include "estiva/base/text.h"
#include "image/bundle/bundle.h"
#include "image/mount/mount.h"

namespace estiva::engine {

namespace {

constexpr char kOwnMounts[] = "/proc/thread-self/ns/mnt";
constexpr int kTries = 20;

bool runs(const Status& status) {
  return status.condition == Condition::kRunning || status.condition == Condition::kPaused;
}

std::string rootfs_of(const Engine& engine, const std::string& id) {
  return text::cat(engine.containers.bundle(id), "/", image::bundle_place::kRootfs);
}

bool has(const spec::Mount& mount, std::string_view option) {
  return std::ranges::find(mount.options, option) != mount.options.end();
}

Result<bool> is_directory(FdView file) {
  const struct stat info = TRY(sys::fstat(file));
  return S_ISDIR(info.st_mode);
}

// What the runtime mounts at a start, at the same place.
Result<void> mount_bind(const RootDir& root, const spec::Mount& mount, const std::string& source) {
  const unsigned recursive = has(mount, "rbind") ? unsigned{AT_RECURSIVE} : 0;
  const Fd tree = TRY(sys::open_tree(FdView::cwd(), source, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | recursive));
  if (has(mount, "ro")) {
    struct mount_attr read_only = {};
    read_only.attr_set = MOUNT_ATTR_RDONLY;
    TRY(sys::mount_setattr(tree, "", AT_EMPTY_PATH, read_only));
  }
  const Fd target = TRY(is_directory(tree)) ? TRY(root.make_directories(mount.destination, 0755))
                                            : TRY(root.make_file(mount.destination, 0644));
  return sys::move_mount(tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

// An id-mapped volume is at its own place only while the container runs.
std::string source_now(const spec::Mount& mount, const std::vector<VolumeRequest>& volumes,
                       const std::string& place) {
  for (const VolumeRequest& each : volumes)
    if (each.id_mapped && each.target == mount.destination) return source_of(each, place);
  return mount.source;
}

}  // namespace

Result<ContainerView> ContainerView::open(const Engine& engine, const std::string& id) {
  ContainerView view(engine, id);
  TRY(view.enter());
  return view;
}

// Whoever copies from a container to itself has two views at once, so nobody waits for one to end. Only mounting is for one
// at a time; after that is looked again, since between two kinds of a lock there is a moment without any.
Result<void> ContainerView::enter() {
  const Containers& containers = engine_->containers;
  lock_ = TRY(containers.lock_shared(id_));
  for (int tries = 0; tries < kTries; ++tries) {
    const ContainerRecord record = TRY(containers.read(id_));
    const Status status = TRY(status_of(containers, record));
    if (status.condition == Condition::kRemoving)
      return Error(Code::kState, text::cat("container ", record.short_id(), " is marked for removal"));
    if (runs(status)) return open_running(record, status.state);
    if (image::is_mounted(rootfs_of(*engine_, id_), image::kOverlayType)) return open_stopped(record);
    TRY(sys::flock(lock_, LOCK_EX));
    const Status now = TRY(status_of(containers, TRY(containers.read(id_))));
    if (!runs(now)) TRY(image::mount_bundle(engine_->store, containers.bundle(id_)));
    TRY(sys::flock(lock_, LOCK_SH));
  }
  return Error(Code::kState, text::cat("container ", id_, " is started and stopped all the time"));
}

// The process can't get out of its root, so neither can who begins there. /proc/PID is of the process that has the number
// when it is opened; after that it must still be the one that it was.
Result<void> ContainerView::open_running(const ContainerRecord& record, const shim::State& state) {
  const Fd process = TRY(sys::open(text::cat("/proc/", state.init), O_PATH | O_DIRECTORY));
  if (!is_alive(state.init, state.init_start))
    return Error(Code::kState, text::cat("container ", id_, " ended meanwhile"));
  root_.emplace(TRY(sys::openat(process, "root", O_PATH | O_DIRECTORY)));
  uid_map_ = record.uid_map;
  gid_map_ = record.gid_map;
  return {};
}

Result<void> ContainerView::open_stopped(const ContainerRecord& record) {
  const std::string rootfs = rootfs_of(*engine_, id_);
  own_namespace_ = TRY(sys::open(kOwnMounts, O_RDONLY));
  TRY(sys::unshare(CLONE_NEWNS));
  TRY(sys::mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr));
  root_.emplace(TRY(RootDir::open(rootfs)));
  TRY(mount_binds(record));
  if (!record.options.read_only) return {};
  return sys::mount(nullptr, rootfs, nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr);
}

Result<void> ContainerView::mount_binds(const ContainerRecord& record) {
  const spec::Spec spec = TRY(image::read_bundle_spec(engine_->containers.bundle(record.id)).context([] {
    return std::string(image::bundle_place::kConfig);
  }));
  const std::vector<VolumeRequest> volumes = TRY(volume_requests(record.options));
  for (const spec::Mount& mount : spec.mounts) {
    // Of the kernel, or a device: nothing that is copied.
    const bool of_kernel = mount.destination == "/sys" || mount.source.starts_with("/dev/");
    const bool binds = mount.type == "bind" || has(mount, "bind") || has(mount, "rbind");
    if (binds && !of_kernel)
      TRY(mount_bind(*root_, mount, source_now(mount, volumes, engine_->volumes())).context([&] {
        return text::cat("the volume at ", text::quote(mount.destination));
      }));
  }
  return {};
}

// The last to leave an ended container takes the mount away. Whoever starts it makes a new one.
ContainerView::~ContainerView() {
  root_.reset();
  Fd::close_waiting();
  if (own_namespace_.valid()) (void)sys::setns(own_namespace_, CLONE_NEWNS);
  if (!own_namespace_.valid() || !sys::flock(lock_, LOCK_EX | LOCK_NB).ok()) return;
  const Result<ContainerRecord> record = engine_->containers.read(id_);
  if (!record.ok()) return;
  const Result<Condition> condition = condition_of(engine_->containers, record.value());
  const bool ended = condition.ok() && has_ended(condition.value());
  if (ended) (void)image::unmount(rootfs_of(*engine_, id_));
}

}  // namespace estiva::engine
