// SPDX-License-Identifier: Apache-2.0
// The container's log: a line of output is "TIME stdout|stderr F|P TEXT" (CRI), P for a part that has no end yet.
// Written at once, never held back. Runs in cais-shim.
#pragma once

#include <string>
#include <string_view>

#include "estiva/base/error.h"
#include "estiva/base/fd.h"
#include "estiva/shim_records.h"

namespace estiva::shim {

class LogFile {
 public:
  // No log, if the path is empty.
  static Result<LogFile> open(const Conf& conf);

  // What can't be written is counted; the container goes on.
  void write(std::string_view stream, std::string_view output);
  // Somebody else renamed it.
  Result<void> reopen();
  uint64_t lost() const { return lost_; }

 private:
  void append(std::string& lines);
  Result<void> try_append(std::string_view lines);
  Result<void> rotate();

  std::string path_;
  uint64_t max_size_ = 0;
  unsigned max_files_ = 1;
  Fd file_;
  uint64_t size_ = 0;
  uint64_t lost_ = 0;
};

}  // namespace estiva::shim
