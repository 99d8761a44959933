// SPDX-License-Identifier: Apache-2.0
// Mounts for a container that is there already.
#include "runtime/child/later_mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>

#include "estiva/base/sys_mount.h"
#include "estiva/base/text.h"
#include "runtime/child/mount_calls.h"
#include "runtime/child/steps.h"

namespace estiva::child {

namespace {

Result<void> enter_container(Context& c) {
  TRY(guard_process());
  TRY(join_namespaces(c, CLONE_NEWPID));
  TRY(become_root(c));
  c.root = RootDir(TRY(sys::open("/", O_PATH | O_DIRECTORY)));
  c.entered = true;
  return {};
}

std::string parent_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == 0 ? "/" : path.substr(0, slash);
}

// What has to be made for the target, deepest first.
std::vector<std::string> missing_parts(const Context& c, const std::string& destination) {
  std::vector<std::string> out;
  for (std::string path = destination; path != "/"; path = parent_of(path)) {
    const Result<Fd> there = c.root.open_at(path, O_PATH);
    if (there.ok() || there.error().errnum() != ENOENT) break;
    out.push_back(path);
  }
  return out;
}

// Only what is still empty: the container may have put something there.
void remove_made(const Context& c, const std::vector<std::string>& paths) {
  for (const std::string& path : paths) {
    const Result<Fd> dir = c.root.open_at(parent_of(path), O_PATH | O_DIRECTORY);
    if (!dir.ok()) continue;
    const std::string name = path.substr(path.rfind('/') + 1);
    const Result<struct stat> info = sys::fstatat(dir.value(), name, AT_SYMLINK_NOFOLLOW);
    if (!info.ok()) continue;
    if (S_ISDIR(info.value().st_mode)) (void)sys::unlinkat(dir.value(), name, AT_REMOVEDIR);
    if (S_ISREG(info.value().st_mode) && info.value().st_size == 0) (void)sys::unlinkat(dir.value(), name);
  }
}

// By the host's procfs: no name of the container is looked at.
Result<void> unmount(const Context& c, FdView mounted) {
  TRY(sys::fchdir(c.host_proc));
  return sys::umount2(text::cat("self/fd/", mounted.number()), MNT_DETACH);
}

struct Added {
  Fd mount;
  std::vector<std::string> made;
};

Result<Added> add_one(Context& c) {
  const MountStep& step = c.plan.rootfs.mounts[0].mount;
  Added added{Fd(), missing_parts(c, step.destination)};
  Result<Fd> mount = apply_mount(c, step, c.mount_sources[0]);
  if (mount.ok()) {
    added.mount = std::move(mount).value();
    return added;
  }
  remove_made(c, added.made);
  Error error = std::move(mount).error();
  if (error.parts().object.empty()) error = std::move(error).object(step.object);
  return std::move(error).context(text::quote(step.destination));
}

struct Removed {
  Fd copy;  // detached
  const std::string& destination;
};

Result<Removed> remove_one(const Context& c, const std::string& destination) {
  const auto noun = [&] { return text::quote(destination); };
  // Through a link the container could lead us to a mount that protects the host from it.
  Result<Fd> opened = c.root.open_at(destination, O_PATH, RootDir::Links::kRefuse);
  if (!opened.ok() && opened.error().errnum() == ELOOP) {
    return Error(Code::kInvalid, text::cat(text::quote(destination), " has a symbolic link in it"))
        .hint("name the directory that it leads to");
  }
  if (!opened.ok() && opened.error().errnum() == ENOENT)
    return Error(Code::kInvalid, text::cat(text::quote(destination), " is not there"));
  const Fd mount = TRY(std::move(opened).context(noun));
  Fd copy = TRY(sys::open_tree(mount, "", AT_EMPTY_PATH | AT_RECURSIVE | OPEN_TREE_CLONE).context(noun));
  Result<void> done = unmount(c, mount);
  if (!done.ok() && done.error().errnum() == EINVAL)
    return Error(Code::kInvalid, text::cat(text::quote(destination), " is no mount"));
  TRY(std::move(done).context(noun));
  return Removed{std::move(copy), destination};
}

}  // namespace

Result<void> add_later(std::vector<Context>& mounts) {
  TRY(enter_container(mounts[0]));
  for (size_t i = 1; i < mounts.size(); ++i) {
    mounts[i].root = RootDir(TRY(sys::dup(mounts[0].root.fd())));
    mounts[i].entered = true;
  }
  std::vector<Added> added;
  for (Context& c : mounts) {
    Result<Added> one = add_one(c);
    if (one.ok()) {
      added.push_back(std::move(one).value());
      continue;
    }
    for (auto earlier = added.rbegin(); earlier != added.rend(); ++earlier) {
      (void)unmount(mounts[0], earlier->mount);
      remove_made(c, earlier->made);
    }
    return std::move(one).error();
  }
  return {};
}

Result<void> remove_later(Context& c, const std::vector<std::string>& destinations) {
  TRY(enter_container(c));
  std::vector<Removed> removed;
  for (auto destination = destinations.rbegin(); destination != destinations.rend(); ++destination) {
    Result<Removed> one = remove_one(c, *destination);
    if (one.ok()) {
      removed.push_back(std::move(one).value());
      continue;
    }
    for (auto earlier = removed.rbegin(); earlier != removed.rend(); ++earlier) {
      const Result<Fd> target = c.root.open_at(earlier->destination, O_PATH, RootDir::Links::kRefuse);
      if (!target.ok()) continue;
      (void)sys::move_mount(earlier->copy, "", target.value(), "",
                            MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
    }
    return std::move(one).error();
  }
  return {};
}

}  // namespace estiva::child
