// SPDX-License-Identifier: Apache-2.0
// PAX extended headers (POSIX.1-2001): "LENGTH NAME=VALUE\n" records, among them GNU's sparse formats 0.0, 0.1, 1.0 and
// extended attributes as star (SCHILY) and libarchive write them. Bytes come from strangers.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "estiva/base/error.h"
#include "image/tar/entry.h"

namespace estiva::image::tar {

inline constexpr size_t kMaxPax = 1 << 20;  // bytes of one extended header
inline constexpr size_t kMaxExtents = 1 << 20;

// What records say of a member; only what they name is set.
struct Pax {
  std::optional<std::string> path, link;
  std::optional<uint64_t> size, real_size;
  std::optional<uint32_t> uid, gid;
  std::optional<int64_t> mtime;
  uint32_t mtime_nsec = 0;
  std::map<std::string, std::string> xattrs;
  unsigned sparse_major = 0, sparse_minor = 0;
  bool sparse = false;
  std::optional<std::string> sparse_path;
  std::vector<Extent> extents;
  std::optional<uint64_t> sparse_offset;  // format 0.0: the first half of a pair
};

// Adds the records of an extended header; an empty value takes back an earlier one.
Result<void> read_pax(std::string_view text, Pax& pax);
// In place of what the header itself says.
void apply_pax(const Pax& pax, Entry& entry);

// The map of format 1.0 stands in front of the data: decimal numbers, one a line. Takes whole blocks of it; true when
// it is complete.
class SparseMap {
 public:
  Result<bool> add(std::string_view block);
  std::vector<Extent> take() { return std::move(extents_); }

 private:
  Result<bool> number(uint64_t value);
  std::string line_;
  std::optional<uint64_t> count_;
  std::optional<uint64_t> offset_;
  std::vector<Extent> extents_;
};

}  // namespace estiva::image::tar
