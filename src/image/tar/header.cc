// SPDX-License-Identifier: Apache-2.0
// Tar headers. Offsets are those of POSIX.1-1988 (ustar), GNU tar's "oldgnu" and star.
#include "image/tar/header.h"

#include <algorithm>

#include "estiva/base/text.h"

namespace estiva::image::tar {

namespace {

struct Field {
  size_t offset, size;
};
constexpr Field kName{0, 100}, kMode{100, 8}, kUid{108, 8}, kGid{116, 8}, kSize{124, 12}, kMtime{136, 12},
    kChecksum{148, 8}, kLink{157, 100}, kMagic{257, 8}, kMajor{329, 8}, kMinor{337, 8}, kPrefix{345, 155},
    kStarPrefix{345, 131}, kStarMagic{508, 4}, kSparse{386, 96}, kSparseContinues{482, 1}, kRealSize{483, 12};
constexpr size_t kType = 156;
constexpr size_t kSparsePair = 24;  // offset and size, 12 bytes each

std::string_view get(std::string_view block, Field field) { return block.substr(field.offset, field.size); }

// Up to the first NUL.
std::string_view get_text(std::string_view block, Field field) {
  const std::string_view all = get(block, field);
  return all.substr(0, all.find('\0'));
}

Error wrong(std::string_view rule) { return Error(Code::kInvalid, std::string(rule)); }

Result<int64_t> read_base256(std::string_view field, std::string_view what) {
  const bool negative = (field[0] & 0x40) != 0;
  uint64_t value = negative ? UINT64_MAX : 0;
  for (size_t i = 0; i < field.size(); ++i) {
    uint8_t byte = static_cast<uint8_t>(field[i]);
    if (i == 0) byte = static_cast<uint8_t>(negative ? byte | 0x80 : byte & 0x7f);
    const uint64_t top = value >> 55;  // the bits that the shift would lose, and the sign
    if (top != (negative ? 0x1ffu : 0u)) return wrong(text::cat("its ", what, " does not fit in 64 bits"));
    value = (value << 8) | byte;
  }
  return static_cast<int64_t>(value);
}

Result<uint64_t> read_positive(std::string_view block, Field field, std::string_view what) {
  const int64_t value = TRY(read_number(get(block, field), what));
  if (value < 0) return wrong(text::cat("its ", what, " is negative"));
  return static_cast<uint64_t>(value);
}

Result<uint32_t> read_id(std::string_view block, Field field, std::string_view what) {
  const uint64_t value = TRY(read_positive(block, field, what));
  if (value > UINT32_MAX) return wrong(text::cat("its ", what, " does not fit in 32 bits"));
  return static_cast<uint32_t>(value);
}

Result<void> check_sum(std::string_view block) {
  const int64_t stored = TRY(read_number(get(block, kChecksum), "checksum"));
  int64_t as_unsigned = 0, as_signed = 0;  // some writers of old added signed bytes
  for (size_t i = 0; i < block.size(); ++i) {
    const bool blank = i >= kChecksum.offset && i < kChecksum.offset + kChecksum.size;
    const char byte = blank ? ' ' : block[i];
    as_unsigned += static_cast<unsigned char>(byte);
    as_signed += static_cast<signed char>(byte);
  }
  if (stored == as_unsigned || stored == as_signed) return {};
  return wrong("the checksum of its header is wrong");
}

// Pairs of offset and size; an empty one ends them.
Result<void> read_pairs(std::string_view pairs, std::vector<Extent>& extents) {
  for (; pairs.size() >= kSparsePair; pairs.remove_prefix(kSparsePair)) {
    if (pairs[0] == 0 && is_zero(pairs.substr(0, kSparsePair))) return {};
    const int64_t offset = TRY(read_number(pairs.substr(0, 12), "sparse map"));
    const int64_t size = TRY(read_number(pairs.substr(12, 12), "sparse map"));
    if (offset < 0 || size < 0) return wrong("its sparse map has a negative number");
    extents.push_back({static_cast<uint64_t>(offset), static_cast<uint64_t>(size)});
  }
  return {};
}

std::string join_prefix(std::string_view prefix, std::string_view name) {
  return prefix.empty() ? std::string(name) : text::cat(prefix, "/", name);
}

Result<void> read_ids(std::string_view block, Entry& entry) {
  entry.permissions = static_cast<uint32_t>(TRY(read_positive(block, kMode, "mode"))) & 07777;
  entry.uid = TRY(read_id(block, kUid, "uid"));
  entry.gid = TRY(read_id(block, kGid, "gid"));
  entry.size = TRY(read_positive(block, kSize, "size"));
  entry.mtime = TRY(read_number(get(block, kMtime), "time"));
  return {};
}

}  // namespace

bool is_zero(std::string_view block) {
  return std::ranges::all_of(block, [](char c) { return c == 0; });
}

Result<int64_t> read_number(std::string_view field, std::string_view what) {
  if (!field.empty() && (field[0] & 0x80) != 0) return read_base256(field, what);
  const size_t begin = std::min(field.find_first_not_of(std::string_view(" \0", 2)), field.size());
  field.remove_prefix(begin);
  field = field.substr(0, field.find_first_of(std::string_view(" \0", 2)));
  if (field.empty()) return 0;
  const auto value = text::number<int64_t>(field, 8);
  if (!value || *value < 0) return wrong(text::cat("its ", what, " is no octal number"));
  return *value;
}

Result<bool> read_sparse_block(std::string_view block, std::vector<Extent>& extents) {
  TRY(read_pairs(block.substr(0, 21 * kSparsePair), extents));
  return block[21 * kSparsePair] != 0;
}

Result<Header> read_header(std::string_view block) {
  TRY(check_sum(block));
  Header header;
  Entry& entry = header.entry;
  header.type = block[kType];
  const std::string_view magic = get(block, kMagic);
  const bool gnu = magic == std::string_view("ustar  \0", 8);
  const bool ustar = !gnu && magic.starts_with("ustar");
  const bool star = ustar && get(block, kStarMagic) == std::string_view("tar\0", 4);
  TRY(read_ids(block, entry));
  entry.path = ustar ? join_prefix(get_text(block, star ? kStarPrefix : kPrefix), get_text(block, kName))
                     : std::string(get_text(block, kName));
  entry.link = get_text(block, kLink);
  if ((ustar || gnu) && (header.type == '3' || header.type == '4')) {
    entry.major = TRY(read_id(block, kMajor, "device number"));
    entry.minor = TRY(read_id(block, kMinor, "device number"));
  }
  if (header.type == 'S') {
    header.has_sparse_map = true;
    TRY(read_pairs(get(block, kSparse), entry.extents));
    header.sparse_continues = block[kSparseContinues.offset] != 0;
    entry.data_size = entry.size;
    entry.size = TRY(read_positive(block, kRealSize, "real size"));
  }
  return header;
}

}  // namespace estiva::image::tar
