// SPDX-License-Identifier: Apache-2.0
// Mounting by descriptor. fsopen and mount_setattr: Linux 5.2 and 5.12; mount(2) goes when those are the minimum.
#include "runtime/child/mount_calls.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/statfs.h>

#include <algorithm>

#include "estiva/base/sys_mount.h"
#include "estiva/base/text.h"
#include "runtime/child/copy_up.h"

#ifndef MOUNT_ATTR_NOSYMFOLLOW
#define MOUNT_ATTR_NOSYMFOLLOW 0x00200000
#endif
#ifndef MS_NOSYMFOLLOW
#define MS_NOSYMFOLLOW 256
#endif

namespace estiva::child {

namespace {

// The superblock flags that fsconfig(2) knows by name.
constexpr struct {
  unsigned long flag;
  const char* on;
  const char* off;
} kSuperblockWords[] = {
    {MS_SYNCHRONOUS, "sync", "async"},
    {MS_DIRSYNC, "dirsync", nullptr},
    {MS_MANDLOCK, "mand", "nomand"},
    {MS_LAZYTIME, "lazytime", "nolazytime"},
};

constexpr struct {
  uint64_t attribute;
  unsigned long flag;
} kAttributeFlags[] = {
    {MOUNT_ATTR_RDONLY, MS_RDONLY},
    {MOUNT_ATTR_NOSUID, MS_NOSUID},
    {MOUNT_ATTR_NODEV, MS_NODEV},
    {MOUNT_ATTR_NOEXEC, MS_NOEXEC},
    {MOUNT_ATTR_NODIRATIME, MS_NODIRATIME},
    {MOUNT_ATTR_NOATIME, MS_NOATIME},
    {MOUNT_ATTR_STRICTATIME, MS_STRICTATIME},
    {MOUNT_ATTR_NOSYMFOLLOW, MS_NOSYMFOLLOW},
};

unsigned long old_flags(uint64_t attributes) {
  unsigned long flags = 0;
  for (const auto& [attribute, flag] : kAttributeFlags) {
    if ((attributes & attribute) == attribute) flags |= flag;
  }
  return flags;
}

// The flags that a remount must repeat, because the kernel takes away what is not named.
unsigned long current_flags(const struct statfs& info) {
  constexpr struct {
    long shown;
    unsigned long flag;
  } kShown[] = {{0x1, MS_RDONLY},    {0x2, MS_NOSUID},       {0x4, MS_NODEV},       {0x8, MS_NOEXEC},
                {0x400, MS_NOATIME}, {0x800, MS_NODIRATIME}, {0x1000, MS_RELATIME}, {0x2000, MS_NOSYMFOLLOW}};
  unsigned long flags = 0;
  for (const auto& [shown, flag] : kShown) {
    if ((info.f_flags & shown) != 0) flags |= flag;
  }
  return flags;
}

Result<void> configure(FdView context, const MountStep& step) {
  if (!step.source.empty()) TRY(sys::fsconfig_string(context, "source", step.source));
  for (const FsOption& option : step.options) {
    if (option.has_value) {
      TRY(sys::fsconfig_string(context, option.key, option.value));
    } else {
      TRY(sys::fsconfig_flag(context, option.key));
    }
  }
  for (const auto& word : kSuperblockWords) {
    if ((step.superblock_flags & word.flag) != 0) TRY(sys::fsconfig_flag(context, word.on));
    if ((step.superblock_clear & word.flag) != 0 && word.off != nullptr)
      TRY(sys::fsconfig_flag(context, word.off));
  }
  return sys::fsconfig_create(context);
}

bool sets_attributes(const MountStep& step) {
  const uint64_t all = step.set | step.clear | step.recursive_set | step.recursive_clear;
  return all != 0 || !step.propagation.empty();
}

// What mount(2) can't say in one call.
bool needs_more(const MountStep& step) {
  return step.copy_up || !step.propagation.empty() || (step.recursive_set | step.recursive_clear) != 0;
}

Result<void> set_attributes_old(const MountStep& step, FdView mounted) {
  if ((step.recursive_set | step.recursive_clear) != 0) {
    return Error::unsupported(step.object + "/options",
                              "recursive attributes need mount_setattr (Linux 5.12)");
  }
  const std::string path = descriptor_path(mounted);
  if ((step.set | step.clear) != 0) {
    const struct statfs info = TRY(sys::fstatfs(mounted));
    unsigned long flags = current_flags(info) & ~old_flags(step.clear);
    // Without any word on access times a remount keeps those that are, nodiratime too.
    constexpr unsigned long kTimes = MS_NOATIME | MS_RELATIME | MS_STRICTATIME;
    if ((step.clear & MOUNT_ATTR__ATIME) != 0) {
      flags = (flags & ~kTimes) | ((step.set & MOUNT_ATTR__ATIME) == 0 ? MS_RELATIME : 0);
    } else if ((flags & kTimes) == 0) {
      flags |= MS_STRICTATIME;
    }
    TRY(sys::mount(nullptr, path, nullptr, MS_REMOUNT | MS_BIND | flags | old_flags(step.set), nullptr));
  }
  for (const unsigned long flags : step.propagation) TRY(sys::mount(nullptr, path, nullptr, flags, nullptr));
  return {};
}

Result<void> set_attributes_new(const MountStep& step, FdView mounted) {
  if ((step.recursive_set | step.recursive_clear) != 0) {
    struct mount_attr all = {};
    all.attr_set = step.recursive_set;
    all.attr_clr = step.recursive_clear;
    TRY(sys::mount_setattr(mounted, "", AT_EMPTY_PATH | AT_RECURSIVE, all));
  }
  if ((step.set | step.clear) != 0) {
    struct mount_attr one = {};
    one.attr_set = step.set;
    one.attr_clr = step.clear;
    TRY(sys::mount_setattr(mounted, "", AT_EMPTY_PATH, one));
  }
  for (const unsigned long flags : step.propagation) {
    struct mount_attr attributes = {};
    attributes.propagation = flags & ~static_cast<unsigned long>(MS_REC);
    TRY(sys::mount_setattr(mounted, "", AT_EMPTY_PATH | ((flags & MS_REC) != 0 ? AT_RECURSIVE : 0),
                           attributes));
  }
  return {};
}

Result<Fd> mount_new_api(const Context& c, const MountStep& step, FdView target) {
  const Fd context = TRY(sys::fsopen(step.type));
  if (Result<void> configured = configure(context, step); !configured.ok()) {
    std::string reason = sys::fscontext_message(context);
    return std::move(configured).error().message(std::move(reason));
  }
  // A fresh mount has no attributes, so what is to be cleared is clear.
  Fd mount = TRY(sys::fsmount(context, step.copy_up ? 0 : static_cast<unsigned>(step.set)));
  // All before it is attached: what nobody else can reach needs not be found again.
  if (step.copy_up) TRY(copy_up(c, target, mount));
  if (needs_more(step)) TRY(set_attributes_new(step, mount));
  TRY(sys::move_mount(mount, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH));
  return mount;
}

// mount(2) says it in one call instead of eight and means the same. Not with a comma in a value; nor for read-only
// where it would make the file system so for all who share it: a tmpfs is shared with nobody, and cgroup2 is mounted
// on the host already.
bool is_plain(const MountStep& step) {
  const bool own_readonly = step.type == "tmpfs" || step.type == "cgroup2";
  const auto has_comma = [](const FsOption& option) { return option.value.find(',') != std::string::npos; };
  return !needs_more(step) && ((step.set & MOUNT_ATTR_RDONLY) == 0 || own_readonly) &&
         std::ranges::none_of(step.options, has_comma);
}

// fsconfig(2) takes at most 255 bytes, mount(2) a page of all options together: an overlay has long lists of layers.
bool is_long(const MountStep& step) {
  constexpr size_t kMost = 255;
  return step.source.size() > kMost || std::ranges::any_of(step.options, [](const FsOption& option) {
           return option.value.size() > kMost;
         });
}

std::string option_text(const MountStep& step) {
  std::vector<std::string> words;
  for (const FsOption& option : step.options) {
    // "s0:c1,c2": SELinux takes a value in quotes.
    const bool context = option.key.ends_with("context");
    const char* quote = context && !option.value.starts_with('"') ? "\"" : "";
    words.push_back(option.has_value ? text::cat(option.key, "=", quote, option.value, quote) : option.key);
  }
  return text::join(words, ",");
}

// Where a mount of mount(2) waits until it is ready, in the host's tree and our own mount namespace: no image has a
// hand in these names, and no hook needs what they cover. Empty where the host's tree is not ours to cover.
std::string waiting_place(const Context& c, FdView target) {
  if (!c.plan.namespaces.creates(CLONE_NEWNS) || c.entered) return "";
  const Result<struct stat> info = sys::fstat(target);
  return info.ok() && S_ISDIR(info.value().st_mode) ? "/proc/tty/ldisc" : "/proc/execdomains";
}

// By its path. Somebody who shares the mount namespace can exchange that meanwhile; then it is an error.
Result<Fd> find_mounted(const Context& c, const MountStep& step, FdView target) {
  Fd found = TRY(c.root.open_at(step.destination, O_PATH));
  const Result<uint64_t> covered = sys::mount_id(target, "", AT_EMPTY_PATH);
  const Result<uint64_t> mounted = sys::mount_id(found, "", AT_EMPTY_PATH);
  // Before Linux 5.8 nothing tells.
  if (covered.ok() && mounted.ok() && covered.value() == mounted.value())
    return Error::system("open", ESTALE);
  return found;
}

// Once the root is entered (a pid namespace is joined), /proc is what the image has there until one is mounted: no path
// below it leads to a descriptor, and it might lead elsewhere.
template <typename Make>
Result<void> make_at(const Context& c, FdView target, const Make& make) {
  if (!c.entered || !S_ISDIR(TRY(sys::fstat(target)).st_mode)) return make(descriptor_path(target));
  TRY(sys::fchdir(target));
  Result<void> made = make(std::string("."));
  TRY(sys::chdir("/"));
  return made;
}

// mount(2) changes only what is attached. `make` mounts on the path that it is given.
template <typename Make>
Result<void> attach_ready(const Context& c, const MountStep& step, FdView target, const Make& make) {
  std::string place = waiting_place(c, target);
  if (!place.empty()) {
    const Result<struct stat> there = sys::fstatat(FdView::cwd(), place, 0);
    if (!there.ok() && there.error().errnum() == ENOENT) place.clear();
  }
  TRY(place.empty() ? make_at(c, target, make) : make(place));
  const Fd mounted = place.empty() ? TRY(find_mounted(c, step, target)) : TRY(sys::open(place, O_PATH));
  if (step.copy_up) TRY(copy_up(c, target, mounted));
  TRY(set_attributes(c, step, mounted));
  if (place.empty()) return {};
  return sys::mount(descriptor_path(mounted).c_str(), descriptor_path(target), nullptr, MS_MOVE, nullptr);
}

Result<void> mount_old_api(const Context& c, const MountStep& step, FdView target) {
  const std::string data = option_text(step);
  const char* source = step.source.empty() ? step.type.c_str() : step.source.c_str();
  const unsigned long flags = step.superblock_flags | (step.copy_up ? 0 : old_flags(step.set));
  const auto make = [&](const std::string& where) {
    return sys::mount(source, where, step.type.c_str(), flags, data.empty() ? nullptr : data.c_str())
        .context([&] { return step.type; });
  };
  return needs_more(step) ? attach_ready(c, step, target, make) : make_at(c, target, make);
}

}  // namespace

std::string descriptor_path(FdView fd) { return text::cat("/proc/self/fd/", fd.number()); }

Result<Fd> mount_filesystem(const Context& c, const MountStep& step, FdView target) {
  const bool old_api =
      step.old_api_only || !c.plan.new_mount_api || is_long(step) || (!c.entered && is_plain(step));
  if (!old_api) return mount_new_api(c, step, target);
  Result<void> mounted = mount_old_api(c, step, target);
  if (mounted.ok()) return Fd();
  // The new API can say which option was wrong.
  const bool unclear =
      mounted.error().errnum() == EINVAL && c.plan.new_mount_api && !step.old_api_only && !is_long(step);
  return unclear ? mount_new_api(c, step, target) : std::move(mounted).error();
}

Result<void> set_attributes(const Context& c, const MountStep& step, FdView mounted) {
  return c.plan.new_mount_api ? set_attributes_new(step, mounted) : set_attributes_old(step, mounted);
}

Result<Fd> copy_tree(const Context& c, const Fd& tree, FdView target) {
  const std::string place = waiting_place(c, target);
  if (place.empty()) return Fd();
  Result<void> waits = sys::move_mount(tree, "", FdView::cwd(), place, MOVE_MOUNT_F_EMPTY_PATH);
  if (!waits.ok() && waits.error().errnum() == ENOENT) return Fd();
  TRY(std::move(waits));
  Result<Fd> copy = sys::open_tree(tree, "", AT_EMPTY_PATH | AT_RECURSIVE | OPEN_TREE_CLONE);
  if (!copy.ok() && copy.error().errnum() == EINVAL) return Fd();
  if (!copy.ok()) return copy;
  // What stays behind is unmounted with the host's tree; without that the host's own mounts would be.
  struct mount_attr alone = {};
  alone.propagation = MS_PRIVATE;
  TRY(sys::mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, alone));
  return copy;
}

Error missing_on_host(Error error, std::string_view what) {
  if (error.errnum() != ENOENT) return error;
  return Error(Code::kInvalid, text::cat(what, " is not there"));
}

// The tree keeps the peer group of the host's mount. Without a wish of the configuration the container only
// receives from it.
Result<Fd> open_bind(const Context& c, const MountStep& step) {
  const unsigned recursive = step.recursive ? AT_RECURSIVE : 0;
  const unsigned link = step.source_link ? AT_SYMLINK_NOFOLLOW : 0;
  Result<Fd> tree = sys::open_tree(FdView::cwd(), step.source, OPEN_TREE_CLONE | recursive | link);
  if (!tree.ok())
    return missing_on_host(std::move(tree).error(), text::quote(step.source)).object(step.object + "/source");
  const auto prepare = [&]() -> Result<void> {
    if (!step.propagation.empty()) return set_attributes_new(step, tree.value());
    const unsigned long by_default =
        c.plan.rootfs.propagation == 0 ? 0ul + MS_SLAVE : c.plan.rootfs.propagation;
    struct mount_attr attributes = {};
    attributes.propagation = by_default & ~static_cast<unsigned long>(MS_REC);
    TRY(sys::mount_setattr(tree.value(), "", AT_EMPTY_PATH | recursive, attributes));
    return set_attributes_new(step, tree.value());
  };
  Result<void> prepared = prepare();
  if (!prepared.ok()) return std::move(prepared).error().object(step.object + "/options");
  return tree;
}

Result<void> set_readonly(const Context& c, FdView mounted) {
  MountStep step;
  step.set = MOUNT_ATTR_RDONLY;
  return set_attributes(c, step, mounted);
}

Result<void> bind_path(const std::string& source, bool recursive, FdView target) {
  return sys::mount(source.c_str(), descriptor_path(target), nullptr, MS_BIND | (recursive ? MS_REC : 0),
                    nullptr);
}

Result<void> bind_mount(const Context& c, const MountStep& step, FdView target) {
  if (!sets_attributes(step)) return bind_path(step.source, step.recursive, target);
  return attach_ready(c, step, target, [&](const std::string& where) {
    return sys::mount(step.source.c_str(), where, nullptr, MS_BIND | (step.recursive ? MS_REC : 0), nullptr);
  });
}

}  // namespace estiva::child
