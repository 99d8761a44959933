// SPDX-License-Identifier: Apache-2.0
// PAX records.
#include "image/tar/pax.h"

#include "estiva/base/text.h"
#include "image/tar/header.h"

namespace estiva::image::tar {

namespace {

constexpr std::string_view kSchily = "SCHILY.xattr.", kLibarchive = "LIBARCHIVE.xattr.";

Error wrong(std::string_view rule) { return Error(Code::kInvalid, std::string(rule)); }

template <typename T>
Result<void> set_number(std::string_view value, std::string_view name, std::optional<T>& member) {
  member.reset();
  if (value.empty()) return {};
  member = text::number<T>(value);
  if (!member)
    return wrong(text::cat("its extended header has no number for ", name, ": ", text::quote(value)));
  return {};
}

void set_text(std::string_view value, std::optional<std::string>& member) {
  member.reset();
  if (!value.empty()) member = value;
}

// Seconds with a fraction, perhaps negative: -1.25 is 250 ms before -1.
Result<void> set_time(std::string_view value, Pax& pax) {
  const size_t point = value.find('.');
  TRY(set_number(value.substr(0, point), "mtime", pax.mtime));
  pax.mtime_nsec = 0;
  if (!pax.mtime || point == std::string_view::npos) return {};
  std::string digits(value.substr(point + 1, 9));
  digits.resize(9, '0');
  const auto nsec = text::number<uint32_t>(digits);
  if (!nsec) return wrong(text::cat("its extended header has no time: ", text::quote(value)));
  pax.mtime_nsec = *nsec;
  if (value.starts_with('-') && *nsec != 0) {
    if (*pax.mtime == INT64_MIN)
      return wrong(text::cat("its extended header has no time: ", text::quote(value)));
    *pax.mtime -= 1;
    pax.mtime_nsec = 1'000'000'000 - *nsec;
  }
  return {};
}

Result<void> add_extent(std::vector<Extent>& extents, Extent extent) {
  if (extents.size() >= kMaxExtents) return wrong("its sparse map has more than a million parts");
  extents.push_back(extent);
  return {};
}

Result<void> set_map(std::string_view value, Pax& pax) {
  pax.extents.clear();
  const std::vector<std::string> numbers = text::split(value, ',');
  for (size_t i = 0; i + 1 < numbers.size(); i += 2) {
    const auto offset = text::number<uint64_t>(numbers[i]);
    const auto size = text::number<uint64_t>(numbers[i + 1]);
    if (!offset || !size) return wrong("its sparse map is no list of numbers");
    TRY(add_extent(pax.extents, {*offset, *size}));
  }
  return {};
}

std::optional<std::string> from_base64(std::string_view value) {
  std::string out;
  unsigned bits = 0, count = 0;
  for (const char c : value) {
    if (c == '=') break;
    static constexpr std::string_view kDigits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const size_t digit = kDigits.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    bits = bits << 6 | static_cast<unsigned>(digit);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out += static_cast<char>(bits >> count & 0xff);
  }
  return out;
}

std::string from_percent(std::string_view name) {
  std::string out;
  for (size_t i = 0; i < name.size(); ++i) {
    const auto code = name[i] == '%' && i + 2 < name.size() ? text::number<uint8_t>(name.substr(i + 1, 2), 16)
                                                            : std::nullopt;
    out += code ? static_cast<char>(*code) : name[i];
    if (code) i += 2;
  }
  return out;
}

Result<void> set_xattr(const std::string& name, std::optional<std::string> value, Pax& pax) {
  if (!value) return wrong(text::cat("its extended attribute ", text::quote(name), " is no base64"));
  if (name.empty() || name.size() > 255 || name.find('\0') != std::string::npos)
    return wrong("an extended attribute's name is empty, or longer than 255 bytes");
  if (value->size() > 65535)
    return wrong(text::cat("its extended attribute ", text::quote(name), " is larger than 65535 bytes"));
  pax.xattrs[name] = std::move(*value);
  return {};
}

Result<void> set_sparse(std::string_view key, std::string_view value, Pax& pax) {
  pax.sparse = true;
  std::optional<uint64_t> number;
  if (key == "name") set_text(value, pax.sparse_path);
  if (key == "map") return set_map(value, pax);
  if (key == "name" || key == "numblocks") return {};
  TRY(set_number(value, "a sparse file", number));
  if (key == "realsize" || key == "size") pax.real_size = number;
  if (key == "major") pax.sparse_major = static_cast<unsigned>(number.value_or(0));
  if (key == "minor") pax.sparse_minor = static_cast<unsigned>(number.value_or(0));
  if (key == "offset") pax.sparse_offset = number;
  if (key == "numbytes" && number && pax.sparse_offset) {
    TRY(add_extent(pax.extents, {*pax.sparse_offset, *number}));
    pax.sparse_offset.reset();
  }
  return {};
}

Result<void> set(std::string_view key, std::string_view value, Pax& pax) {
  if (key == "path") set_text(value, pax.path);
  if (key == "linkpath") set_text(value, pax.link);
  if (key == "size") return set_number(value, key, pax.size);
  if (key == "uid") return set_number(value, key, pax.uid);
  if (key == "gid") return set_number(value, key, pax.gid);
  if (key == "mtime") return set_time(value, pax);
  if (key.starts_with("GNU.sparse.")) return set_sparse(key.substr(11), value, pax);
  if (key.starts_with(kSchily)) {
    const std::string name(key.substr(kSchily.size()));
    return set_xattr(name, std::string(value), pax);
  }
  if (key.starts_with(kLibarchive)) {
    const std::string name = from_percent(key.substr(kLibarchive.size()));
    if (!pax.xattrs.contains(name)) return set_xattr(name, from_base64(value), pax);
  }
  return {};
}

}  // namespace

Result<void> read_pax(std::string_view text, Pax& pax) {
  while (!text.empty()) {
    const size_t blank = text.find(' ');
    const auto length =
        blank == std::string_view::npos ? std::nullopt : text::number<size_t>(text.substr(0, blank));
    if (!length && is_zero(text)) return {};  // some writers count the padding
    if (!length || *length > text.size() || *length < blank + 3 || text[*length - 1] != '\n')
      return wrong("a record of its extended header has a wrong length");
    const std::string_view record = text.substr(blank + 1, *length - blank - 2);
    const size_t equals = record.find('=');
    if (equals == std::string_view::npos || equals == 0)
      return wrong("a record of its extended header has no name");
    TRY(set(record.substr(0, equals), record.substr(equals + 1), pax));
    text.remove_prefix(*length);
  }
  return {};
}

void apply_pax(const Pax& pax, Entry& entry) {
  if (pax.path) entry.path = *pax.path;
  if (pax.sparse_path) entry.path = *pax.sparse_path;
  if (pax.link) entry.link = *pax.link;
  if (pax.size) entry.size = *pax.size;
  if (pax.uid) entry.uid = *pax.uid;
  if (pax.gid) entry.gid = *pax.gid;
  if (pax.mtime) {
    entry.mtime = *pax.mtime;
    entry.mtime_nsec = pax.mtime_nsec;
  }
  entry.xattrs.assign(pax.xattrs.begin(), pax.xattrs.end());
}

Result<bool> SparseMap::number(uint64_t value) {
  if (!count_) {
    if (value > kMaxExtents) return wrong("its sparse map has more than a million parts");
    count_ = value;
  } else if (!offset_) {
    offset_ = value;
  } else {
    TRY(add_extent(extents_, {*offset_, value}));
    offset_.reset();
  }
  return extents_.size() == *count_ && !offset_;
}

Result<bool> SparseMap::add(std::string_view block) {
  for (const char c : block) {
    if (c != '\n') {
      line_ += c;
      if (line_.size() > 20) return wrong("its sparse map is no list of numbers");
      continue;
    }
    const auto value = text::number<uint64_t>(line_);
    if (!value) return wrong("its sparse map is no list of numbers");
    line_.clear();
    if (TRY(number(*value))) return true;
  }
  return false;
}

}  // namespace estiva::image::tar
