// SPDX-License-Identifier: Apache-2.0
// Reader of tar archives (V7, ustar, PAX, GNU, star), pushed: bytes in pieces of any size, members out as they come.
// It keeps offsets, not data, so that an archive may be read where it lies. Bytes come from strangers: the error names
// the member and the rule that it breaks.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "estiva/base/error.h"
#include "image/tar/entry.h"
#include "image/tar/header.h"
#include "image/tar/pax.h"

namespace estiva::image::tar {

class Reader {
 public:
  struct Sink {
    std::function<Result<void>(Entry&)> entry;
    // The bytes of the member that came last, where wanted.
    std::function<Result<void>(std::string_view piece)> data;
    // All of that member's bytes have passed.
    std::function<Result<void>()> data_end;
  };
  explicit Reader(Sink sink) : sink_(std::move(sink)) {}

  Result<void> write(std::string_view piece);
  // An error if the archive ends within a member. That its end is not marked is none.
  Result<void> finish();

 private:
  enum class State : uint8_t { kHeader, kText, kSparse, kSparseMap, kData, kEnd };

  Result<size_t> step(std::string_view piece);
  Result<void> block(std::string_view block);
  Result<void> header(std::string_view block);
  Result<void> begin_text(char type, uint64_t size);
  Result<void> end_text();
  Result<void> member(Header header);
  Result<void> deliver();
  Result<void> check_sparse();
  Error blame(Error error) const;

  Sink sink_;
  State state_ = State::kHeader;
  uint64_t offset_ = 0;  // of the next byte, from the archive's begin
  std::string partial_;  // of a block
  std::string text_;     // of a long name or an extended header
  char text_type_ = 0;
  uint64_t left_ = 0;     // bytes of data or text, without padding
  uint64_t padding_ = 0;  // bytes that fill the last block
  bool zero_block_ = false;
  Pax global_, pax_;
  bool has_pax_ = false;
  std::string long_name_, long_link_;
  Entry entry_;
  SparseMap map_;
};

}  // namespace estiva::image::tar
