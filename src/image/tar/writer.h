// SPDX-License-Identifier: Apache-2.0
// Writer of tar archives: ustar headers, PAX records for what does not fit there. The same members always give the same
// bytes: no names of users, no access times, nothing of the machine.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "estiva/base/error.h"
#include "image/tar/entry.h"

namespace estiva::image::tar {

class Writer {
 public:
  using Output = std::function<Result<void>(std::string_view piece)>;
  explicit Writer(Output output) : output_(std::move(output)) {}

  // `entry.size` bytes of data() are to follow a file. Sparse files are written whole; data_offset is not looked at.
  Result<void> add(const Entry& entry);
  Result<void> data(std::string_view piece);
  // A small file at once.
  Result<void> add_file(const std::string& path, std::string_view content);
  // The two blocks that end an archive.
  Result<void> finish();
  uint64_t offset() const { return offset_; }  // of the next byte

 private:
  Result<void> put(std::string_view bytes);
  Result<void> pad();
  Output output_;
  uint64_t offset_ = 0;
};

}  // namespace estiva::image::tar
