// SPDX-License-Identifier: Apache-2.0
// The reader's states: a block of header, text of extended headers, sparse maps, data that passes by.
#include "image/tar/reader.h"

#include <algorithm>

#include "estiva/base/text.h"

namespace estiva::image::tar {

namespace {

constexpr size_t kMaxLongName = 64 << 10;

uint64_t padding_of(uint64_t size) { return (kBlock - size % kBlock) % kBlock; }

Error wrong(std::string_view rule) { return Error(Code::kInvalid, std::string(rule)); }

// Nothing for what is no file: labels, old names.
Result<std::optional<Kind>> kind_of(char type, const std::string& path) {
  switch (type) {
    case '0':
    case '\0':
      return std::optional(path.ends_with('/') ? Kind::kDirectory : Kind::kFile);
    case '7':
    case 'S':
      return std::optional(Kind::kFile);
    case '1':
      return std::optional(Kind::kHardLink);
    case '2':
      return std::optional(Kind::kSymlink);
    case '3':
      return std::optional(Kind::kCharDevice);
    case '4':
      return std::optional(Kind::kBlockDevice);
    case '5':
    case 'D':
      return std::optional(Kind::kDirectory);
    case '6':
      return std::optional(Kind::kFifo);
    case 'V':
    case 'N':
      return std::optional<Kind>();
    default:
      return wrong(text::cat("its type ", text::quote(std::string_view(&type, 1)), " is unknown"));
  }
}

bool has_data(char type, Kind kind) {
  return kind == Kind::kFile || type == 'D' || type == 'V' || type == 'N';
}

}  // namespace

Error Reader::blame(Error error) const {
  const std::string& name = entry_.path;
  return std::move(error).object(name.empty() ? text::cat("tar member at ", offset_ / kBlock * kBlock)
                                              : text::cat("tar member ", text::quote(name)));
}

Result<void> Reader::write(std::string_view piece) {
  while (!piece.empty()) {
    Result<size_t> taken = step(piece);
    if (!taken.ok()) {
      if (!taken.error().parts().object.empty()) return std::move(taken).error();
      return blame(std::move(taken).error());
    }
    piece.remove_prefix(taken.value());
    offset_ += taken.value();
  }
  return {};
}

Result<void> Reader::finish() {
  const bool between = state_ == State::kHeader && partial_.empty();
  if (state_ == State::kEnd || between) return {};
  // The last member's padding may be missing.
  if (state_ == State::kData && left_ == 0) return {};
  return blame(wrong("the archive ends within it"));
}

// Takes some of the piece; how much.
Result<size_t> Reader::step(std::string_view piece) {
  if (state_ == State::kEnd) return piece.size();
  if (state_ == State::kData || state_ == State::kText) {
    const size_t count = static_cast<size_t>(std::min<uint64_t>(left_ > 0 ? left_ : padding_, piece.size()));
    if (left_ > 0) {
      left_ -= count;
      if (state_ == State::kText) text_ += piece.substr(0, count);
      if (state_ == State::kData && sink_.data) TRY(sink_.data(piece.substr(0, count)));
    } else {
      padding_ -= count;
    }
    if (left_ > 0) return count;
    if (padding_ == 0) {
      const bool text = state_ == State::kText;
      state_ = State::kHeader;
      if (text) TRY(end_text());
      if (!text && sink_.data_end) TRY(sink_.data_end());
    }
    return count;
  }
  if (partial_.empty() && piece.size() >= kBlock) {
    TRY(block(piece.substr(0, kBlock)));
    return kBlock;
  }
  const size_t count = std::min(kBlock - partial_.size(), piece.size());
  partial_ += piece.substr(0, count);
  if (partial_.size() < kBlock) return count;
  const std::string whole = std::exchange(partial_, std::string());
  offset_ -= kBlock - count;  // so that block() sees where it began
  TRY(block(whole));
  offset_ += kBlock - count;
  return count;
}

Result<void> Reader::block(std::string_view block) {
  switch (state_) {
    case State::kSparse:
      if (entry_.extents.size() > kMaxExtents) return wrong("its sparse map has more than a million parts");
      if (TRY(read_sparse_block(block, entry_.extents))) return {};
      entry_.data_offset = offset_ + kBlock;
      return deliver();
    case State::kSparseMap:
      if (entry_.data_size < kBlock) return wrong("its sparse map is longer than its data");
      entry_.data_size -= kBlock;
      if (!TRY(map_.add(block))) return {};
      entry_.extents = map_.take();
      entry_.data_offset = offset_ + kBlock;
      return deliver();
    default:
      return header(block);
  }
}

Result<void> Reader::header(std::string_view block) {
  if (is_zero(block)) {
    if (zero_block_) state_ = State::kEnd;
    zero_block_ = true;
    return {};
  }
  zero_block_ = false;
  entry_ = Entry();
  Header header = TRY(read_header(block));
  entry_.path = header.entry.path;
  switch (header.type) {
    case 'x':
    case 'X':
    case 'g':
    case 'L':
    case 'K':
      return begin_text(header.type, header.entry.size);
    default:
      return member(std::move(header));
  }
}

Result<void> Reader::begin_text(char type, uint64_t size) {
  const bool pax = type == 'x' || type == 'X' || type == 'g';
  if (size > (pax ? kMaxPax : kMaxLongName))
    return wrong(text::cat("its ", pax ? "extended header" : "long name", " has ", size, " bytes, at most ",
                           pax ? kMaxPax : kMaxLongName, " are read"));
  text_.clear();
  text_type_ = type;
  left_ = size;
  padding_ = padding_of(size);
  if (size == 0) return end_text();
  state_ = State::kText;
  return {};
}

Result<void> Reader::end_text() {
  const std::string until_nul = text_.substr(0, text_.find('\0'));
  if (text_type_ == 'L') long_name_ = until_nul;
  if (text_type_ == 'K') long_link_ = until_nul;
  if (text_type_ == 'g') return read_pax(text_, global_);
  if (text_type_ == 'x' || text_type_ == 'X') {
    if (!has_pax_) pax_ = global_;
    has_pax_ = true;
    return read_pax(text_, pax_);
  }
  return {};
}

Result<void> Reader::member(Header header) {
  entry_ = std::move(header.entry);
  if (!long_name_.empty()) entry_.path = std::exchange(long_name_, std::string());
  if (!long_link_.empty()) entry_.link = std::exchange(long_link_, std::string());
  const Pax pax = std::exchange(has_pax_, false) ? std::exchange(pax_, Pax()) : global_;
  const uint64_t header_size = header.has_sparse_map ? entry_.data_size : entry_.size;
  apply_pax(pax, entry_);
  const std::optional<Kind> kind = TRY(kind_of(header.type, entry_.path));
  const uint64_t stored = pax.size.value_or(header_size);
  if (!kind) {  // passed over
    if (stored > 0)
      return wrong(text::cat("its type ", text::quote(std::string_view(&header.type, 1)), " has data"));
    return {};
  }
  entry_.kind = *kind;
  entry_.data_size = has_data(header.type, *kind) ? stored : 0;
  entry_.data_offset = offset_ + kBlock;
  if (header.has_sparse_map) {
    entry_.sparse = true;
    if (header.sparse_continues) {
      state_ = State::kSparse;
      return {};
    }
  } else if (pax.sparse && *kind == Kind::kFile) {
    entry_.sparse = true;
    entry_.size = pax.real_size.value_or(entry_.size);
    entry_.extents = pax.extents;
    if (pax.sparse_major == 1) {
      map_ = SparseMap();
      state_ = State::kSparseMap;
      return {};
    }
  } else {
    entry_.size = *kind == Kind::kFile ? stored : 0;
  }
  return deliver();
}

// Parts in their order, within the file, and as many bytes as there is data.
Result<void> Reader::check_sparse() {
  uint64_t end = 0, total = 0;
  for (const Extent& extent : entry_.extents) {
    if (extent.offset < end || extent.size > entry_.size || extent.offset > entry_.size - extent.size)
      return wrong("its sparse map is out of order, or reaches beyond its size");
    end = extent.offset + extent.size;
    total += extent.size;
  }
  if (total != entry_.data_size) return wrong("its sparse map has not as many bytes as its data");
  return {};
}

Result<void> Reader::deliver() {
  if (entry_.path.find('\0') != std::string::npos || entry_.link.find('\0') != std::string::npos)
    return wrong("its name has a NUL byte");
  if (entry_.data_size > UINT64_MAX / 4 || entry_.size > UINT64_MAX / 4) return wrong("its size is absurd");
  if (entry_.sparse) TRY(check_sparse());
  left_ = entry_.data_size;
  padding_ = padding_of(left_);
  state_ = left_ > 0 ? State::kData : State::kHeader;
  Entry passed = entry_;
  TRY(sink_.entry(passed));
  return left_ == 0 && sink_.data_end ? sink_.data_end() : Result<void>();
}

}  // namespace estiva::image::tar
