// SPDX-License-Identifier: Apache-2.0
// Protection of the runtime's own binary.
#include "runtime/parent/protect.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "estiva/base/sys_mount.h"
#include "estiva/base/sys_process.h"
#include "estiva/base/text.h"
#include "runtime/parent/own_mappings.h"

namespace estiva {

namespace {

constexpr const char* kSelf = "/proc/self/exe";
constexpr int kSeals = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;

// A mount that nothing can name: it has no place in any namespace, so it can't be made writable again.
Result<Fd> readonly_mount() {
  Fd tree = TRY(sys::open_tree(FdView::cwd(), kSelf, OPEN_TREE_CLONE));
  struct mount_attr attributes = {};
  attributes.attr_set = MOUNT_ATTR_RDONLY;
  TRY(sys::mount_setattr(tree, "", AT_EMPTY_PATH, attributes));
  return tree;
}

// For kernels from 5.2 that lack mount_setattr (5.12): an overlay without an upper layer is read-only by nature.
Result<Fd> readonly_overlay() {
  const std::string binary = TRY(sys::readlinkat(FdView::cwd(), kSelf));
  const size_t slash = binary.rfind('/');
  const Fd context = TRY(sys::fsopen("overlay"));
  const Fd empty = TRY(sys::fsopen("tmpfs"));
  TRY(sys::fsconfig_create(empty));
  const Fd empty_mount = TRY(sys::fsmount(empty, MOUNT_ATTR_RDONLY));
  // An overlay wants two lower layers; the second is empty.
  TRY(sys::fsconfig_string(context, "lowerdir",
                           text::cat(binary.substr(0, slash), ":/proc/self/fd/", empty_mount.number())));
  TRY(sys::fsconfig_create(context));
  const Fd mount = TRY(sys::fsmount(context, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV));
  return sys::openat(mount, binary.substr(slash + 1), O_PATH);
}

Result<Fd> sealed_copy() {
  const Fd binary = TRY(sys::open(kSelf, O_RDONLY));
  const off_t size = TRY(sys::fstat(binary)).st_size;
  Fd copy = TRY(sys::memfd_create("estiva", MFD_ALLOW_SEALING));
  for (off_t done = 0; done < size;) {
    const size_t sent = TRY(sys::sendfile(copy, binary, static_cast<size_t>(size - done)));
    if (sent == 0) return Error(Code::kSystem, "the binary became shorter while it was copied");
    done += static_cast<off_t>(sent);
  }
  TRY(sys::add_seals(copy, kSeals));
  return copy;
}

bool is_sealed_copy() {
  const Result<Fd> self = sys::open(kSelf, O_RDONLY);
  if (!self.ok()) return false;
  const int seals = ::fcntl(self.value().number(), F_GET_SEALS);
  return seals >= 0 && (seals & kSeals) == kSeals;
}

// fs-verity can't be taken off a file. The immutable flag can, with CAP_LINUX_IMMUTABLE and a descriptor to read:
// it is no protection from a privileged container.
bool has_verity() {
  struct statx info;
  return ::statx(AT_FDCWD, kSelf, 0, 0, &info) == 0 && (info.stx_attributes & STATX_ATTR_VERITY) != 0;
}

bool has_readonly_mount() {
  const Result<struct statfs> info = sys::statfs(kSelf);
  return info.ok() && (info.value().f_flags & ST_RDONLY) != 0;
}

}  // namespace

Result<void> protect_own_binary(char* const argv[]) {
  if (has_readonly_mount()) return {};
  Result<void> executed = Error(Code::kInternal, "");
  for (Result<Fd> (*way)() : {readonly_mount, readonly_overlay, sealed_copy}) {
    if (way != readonly_mount && (has_verity() || is_sealed_copy())) return {};
    Result<Fd> binary = way();
    if (!binary.ok()) {
      executed = std::move(binary).error();
      continue;
    }
    if (way == readonly_mount && move_to_file(binary.value()).ok()) {
      // At once: as long as it is open, the mount is one that whoever reaches it by /proc/PID/exe may make writable.
      binary.value().reset();
      Fd::close_waiting();
      return {};
    }
    executed = sys::execveat(binary.value(), "", argv, environ, AT_EMPTY_PATH);
  }
  return std::move(executed).context(
      [] { return "the runtime's binary can't be protected from the container"; });
}

}  // namespace estiva
