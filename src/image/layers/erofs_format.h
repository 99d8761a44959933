// SPDX-License-Identifier: Apache-2.0
// What of the on-disk format of EROFS the index needs (kernel: Documentation/filesystems/erofs.rst). Little-endian, as
// are all machines that this is built for.
#pragma once

#include <bit>
#include <cstdint>

namespace estiva::image::erofs {

static_assert(std::endian::native == std::endian::little);

inline constexpr uint32_t kMagic = 0xe0f5e1e2;
inline constexpr uint64_t kSuperOffset = 1024;
inline constexpr unsigned kBlockBits = 9;
inline constexpr uint64_t kBlock = 1 << kBlockBits;
inline constexpr uint64_t kSlot = 32;          // nids count these
inline constexpr uint32_t kDeviceTable = 0x8;  // incompatible feature
inline constexpr uint32_t kMtime = 0x2;        // compatible: the times are those of modification

struct Super {
  uint32_t magic;
  uint32_t checksum;
  uint32_t feature_compat;
  uint8_t block_bits;
  uint8_t ext_slots;
  uint16_t root_nid;
  uint64_t inodes;
  uint64_t build_time;
  uint32_t build_time_nsec;
  uint32_t blocks;
  uint32_t meta_block;
  uint32_t xattr_block;
  uint8_t uuid[16];
  uint8_t volume_name[16];
  uint32_t feature_incompat;
  uint16_t algorithms;
  uint16_t extra_devices;
  uint16_t device_slot;  // of the table, in units of 128 bytes
  uint8_t reserved[38];
};
static_assert(sizeof(Super) == 128);

struct DeviceSlot {
  uint8_t tag[64];
  uint32_t blocks;
  uint32_t mapped_block;  // where the device begins in the one space of block addresses
  uint8_t reserved[56];
};
static_assert(sizeof(DeviceSlot) == 128);

inline constexpr uint16_t kExtended = 1, kFlatPlain = 0 << 1, kFlatInline = 2 << 1;

struct Inode {
  uint16_t format;
  uint16_t xattr_count;
  uint16_t mode;
  uint16_t reserved;
  uint64_t size;
  uint32_t block_or_device;
  uint32_t number;
  uint32_t uid, gid;
  uint64_t mtime;
  uint32_t mtime_nsec;
  uint32_t links;
  uint8_t reserved2[16];
};
static_assert(sizeof(Inode) == 64);

struct XattrHead {
  uint32_t filter;
  uint8_t shared_count;
  uint8_t reserved[7];
};
static_assert(sizeof(XattrHead) == 12);

struct XattrEntry {
  uint8_t name_size;
  uint8_t prefix;
  uint16_t value_size;
};

// Prefixes by number.
enum XattrPrefix : uint8_t { kUser = 1, kAclAccess = 2, kAclDefault = 3, kTrusted = 4, kSecurity = 6 };

struct __attribute__((packed)) Dirent {
  uint64_t nid;
  uint16_t name_offset;
  uint8_t type;
  uint8_t reserved;
};
static_assert(sizeof(Dirent) == 12);

enum FileType : uint8_t { kFile = 1, kDirectory, kCharDevice, kBlockDevice, kFifo, kSocket, kSymlink };

}  // namespace estiva::image::erofs
