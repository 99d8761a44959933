// SPDX-License-Identifier: Apache-2.0
// The options of a mount that are not the file system's own (config.md, "Linux mount options"), each name once.
#include <sys/mount.h>
// After sys/mount.h: the two headers share names and only this order works with older C libraries.
#include <linux/mount.h>

#include "runtime/plan/names.h"

#ifndef MOUNT_ATTR_NOSYMFOLLOW
#define MOUNT_ATTR_NOSYMFOLLOW 0x00200000
#endif

namespace estiva::names {

namespace {

using Kind = MountOption::Kind;
constexpr uint64_t kAtime = MOUNT_ATTR__ATIME;

constexpr MountOption kOptions[] = {
    {"defaults", Kind::kNothing},
    {"bind", Kind::kBind, MS_BIND},
    {"rbind", Kind::kBind, MS_BIND | MS_REC},
    {"remount", Kind::kRemount},
    {"idmap", Kind::kIdMap},
    {"ridmap", Kind::kIdMap, MS_REC},
    {"tmpcopyup", Kind::kCopyUp},
    // crun's
    {"src-nofollow", Kind::kSourceLink},
    {"dest-nofollow", Kind::kTargetLink},
    {"copy-symlink", Kind::kCopyLink},

    {"ro", Kind::kAttribute, MOUNT_ATTR_RDONLY},
    {"rw", Kind::kAttribute, 0, MOUNT_ATTR_RDONLY},
    {"suid", Kind::kAttribute, 0, MOUNT_ATTR_NOSUID},
    {"nosuid", Kind::kAttribute, MOUNT_ATTR_NOSUID},
    {"dev", Kind::kAttribute, 0, MOUNT_ATTR_NODEV},
    {"nodev", Kind::kAttribute, MOUNT_ATTR_NODEV},
    {"exec", Kind::kAttribute, 0, MOUNT_ATTR_NOEXEC},
    {"noexec", Kind::kAttribute, MOUNT_ATTR_NOEXEC},
    {"atime", Kind::kAttribute, 0, kAtime},
    {"noatime", Kind::kAttribute, MOUNT_ATTR_NOATIME, kAtime},
    {"relatime", Kind::kAttribute, MOUNT_ATTR_RELATIME, kAtime},
    {"norelatime", Kind::kAttribute, 0, kAtime},
    {"strictatime", Kind::kAttribute, MOUNT_ATTR_STRICTATIME, kAtime},
    {"nostrictatime", Kind::kAttribute, 0, kAtime},
    {"diratime", Kind::kAttribute, 0, MOUNT_ATTR_NODIRATIME},
    {"nodiratime", Kind::kAttribute, MOUNT_ATTR_NODIRATIME},
    {"symfollow", Kind::kAttribute, 0, MOUNT_ATTR_NOSYMFOLLOW},
    {"nosymfollow", Kind::kAttribute, MOUNT_ATTR_NOSYMFOLLOW},

    {"rro", Kind::kRecursiveAttribute, MOUNT_ATTR_RDONLY},
    {"rrw", Kind::kRecursiveAttribute, 0, MOUNT_ATTR_RDONLY},
    {"rsuid", Kind::kRecursiveAttribute, 0, MOUNT_ATTR_NOSUID},
    {"rnosuid", Kind::kRecursiveAttribute, MOUNT_ATTR_NOSUID},
    {"rdev", Kind::kRecursiveAttribute, 0, MOUNT_ATTR_NODEV},
    {"rnodev", Kind::kRecursiveAttribute, MOUNT_ATTR_NODEV},
    {"rexec", Kind::kRecursiveAttribute, 0, MOUNT_ATTR_NOEXEC},
    {"rnoexec", Kind::kRecursiveAttribute, MOUNT_ATTR_NOEXEC},
    {"ratime", Kind::kRecursiveAttribute, 0, kAtime},
    {"rnoatime", Kind::kRecursiveAttribute, MOUNT_ATTR_NOATIME, kAtime},
    {"rrelatime", Kind::kRecursiveAttribute, MOUNT_ATTR_RELATIME, kAtime},
    {"rnorelatime", Kind::kRecursiveAttribute, 0, kAtime},
    {"rstrictatime", Kind::kRecursiveAttribute, MOUNT_ATTR_STRICTATIME, kAtime},
    {"rnostrictatime", Kind::kRecursiveAttribute, 0, kAtime},
    {"rdiratime", Kind::kRecursiveAttribute, 0, MOUNT_ATTR_NODIRATIME},
    {"rnodiratime", Kind::kRecursiveAttribute, MOUNT_ATTR_NODIRATIME},
    {"rsymfollow", Kind::kRecursiveAttribute, 0, MOUNT_ATTR_NOSYMFOLLOW},
    {"rnosymfollow", Kind::kRecursiveAttribute, MOUNT_ATTR_NOSYMFOLLOW},

    {"sync", Kind::kSuperblock, MS_SYNCHRONOUS},
    {"async", Kind::kSuperblock, 0, MS_SYNCHRONOUS},
    {"dirsync", Kind::kSuperblock, MS_DIRSYNC},
    {"mand", Kind::kSuperblock, MS_MANDLOCK},
    {"nomand", Kind::kSuperblock, 0, MS_MANDLOCK},
    {"lazytime", Kind::kSuperblock, MS_LAZYTIME},
    {"nolazytime", Kind::kSuperblock, 0, MS_LAZYTIME},
    {"iversion", Kind::kSuperblock, MS_I_VERSION},
    {"noiversion", Kind::kSuperblock, 0, MS_I_VERSION},
    {"silent", Kind::kSuperblock, MS_SILENT},
    {"loud", Kind::kSuperblock, 0, MS_SILENT},

    {"private", Kind::kPropagation, MS_PRIVATE},
    {"rprivate", Kind::kPropagation, MS_PRIVATE | MS_REC},
    {"shared", Kind::kPropagation, MS_SHARED},
    {"rshared", Kind::kPropagation, MS_SHARED | MS_REC},
    {"slave", Kind::kPropagation, MS_SLAVE},
    {"rslave", Kind::kPropagation, MS_SLAVE | MS_REC},
    {"unbindable", Kind::kPropagation, MS_UNBINDABLE},
    {"runbindable", Kind::kPropagation, MS_UNBINDABLE | MS_REC},
};

}  // namespace

std::span<const MountOption> mount_options() { return kOptions; }

const MountOption* mount_option(std::string_view word) {
  for (const MountOption& option : kOptions) {
    if (option.name == word) return &option;
  }
  return nullptr;
}

std::optional<unsigned long> propagation(std::string_view name) {
  for (const MountOption& option : kOptions) {
    if (option.kind == Kind::kPropagation && option.name == name) return option.set;
  }
  return std::nullopt;
}

}  // namespace estiva::names
