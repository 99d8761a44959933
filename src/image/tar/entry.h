// SPDX-License-Identifier: Apache-2.0
// One member of a tar archive as plain data, whatever dialect it was written in.
#pragma once

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace estiva::image::tar {

inline constexpr uint64_t kBlock = 512;

enum class Kind : uint8_t { kFile, kHardLink, kSymlink, kCharDevice, kBlockDevice, kDirectory, kFifo };

// Of a file's mode; a socket, which archives do not have, is a file.
constexpr Kind kind_of(uint32_t mode) {
  switch (mode & S_IFMT) {
    case S_IFDIR:
      return Kind::kDirectory;
    case S_IFLNK:
      return Kind::kSymlink;
    case S_IFCHR:
      return Kind::kCharDevice;
    case S_IFBLK:
      return Kind::kBlockDevice;
    case S_IFIFO:
      return Kind::kFifo;
    default:
      return Kind::kFile;
  }
}

struct Extent {
  uint64_t offset = 0;  // in the file
  uint64_t size = 0;
};

struct Entry {
  Kind kind = Kind::kFile;
  std::string path;  // as it is written in the archive
  std::string link;  // target of a link
  uint32_t permissions = 0;
  uint32_t uid = 0;
  uint32_t gid = 0;
  int64_t mtime = 0;
  uint32_t mtime_nsec = 0;
  uint32_t major = 0;
  uint32_t minor = 0;
  uint64_t size = 0;         // of the file
  uint64_t data_offset = 0;  // of its bytes in the archive; a multiple of 512
  uint64_t data_size = 0;    // of its bytes in the archive
  bool sparse = false;       // the bytes are those of `extents`, the rest is zero
  std::vector<Extent> extents;
  std::vector<std::pair<std::string, std::string>> xattrs;  // full names
};

// What a file's attributes tell: all but names, content and extended attributes.
inline Entry entry_of(const struct stat& info) {
  Entry entry;
  entry.kind = kind_of(info.st_mode);
  entry.permissions = info.st_mode & 07777;
  entry.uid = info.st_uid;
  entry.gid = info.st_gid;
  entry.mtime = info.st_mtim.tv_sec;
  entry.mtime_nsec = static_cast<uint32_t>(info.st_mtim.tv_nsec);
  entry.major = major(info.st_rdev);
  entry.minor = minor(info.st_rdev);
  return entry;
}

}  // namespace estiva::image::tar
