// SPDX-License-Identifier: Apache-2.0
// Lines of the log, and its rotation: FILE becomes FILE.1, FILE.1 becomes FILE.2.
#include "shim/log_file.h"

#include <fcntl.h>

#include "estiva/base/sys.h"
#include "estiva/base/text.h"
#include "estiva/base/time.h"

namespace estiva::shim {

namespace {

constexpr int kDigits = 9;  // of the nanoseconds

std::string timestamp() {
  const int64_t now = epoch_ns();
  std::string fraction = text::cat(now % 1'000'000'000);
  fraction.insert(0, static_cast<size_t>(kDigits) - fraction.size(), '0');
  return text::cat(utc_time(now / 1'000'000'000), ".", fraction, "Z");
}

}  // namespace

Result<LogFile> LogFile::open(const Conf& conf) {
  LogFile log;
  log.path_ = conf.log;
  log.max_size_ = conf.log_max_size;
  log.max_files_ = conf.log_max_files;
  if (!log.path_.empty()) TRY(log.reopen());
  return log;
}

Result<void> LogFile::reopen() {
  if (path_.empty()) return {};
  file_ = TRY(sys::open(path_, O_WRONLY | O_CREAT | O_APPEND | O_NOCTTY, 0640));
  size_ = static_cast<uint64_t>(TRY(sys::fstat(file_)).st_size);
  return {};
}

void LogFile::write(std::string_view stream, std::string_view output) {
  if (path_.empty()) return;
  const std::string time = timestamp();
  std::string lines;
  while (!output.empty()) {
    const size_t end = output.find('\n');
    const bool whole = end != output.npos;
    const std::string_view text = output.substr(0, end);
    const std::string line = text::cat(time, " ", stream, whole ? " F " : " P ", text, "\n");
    // What fits no more goes to the next file.
    if (max_size_ != 0 && size_ + lines.size() + line.size() > max_size_) append(lines);
    lines += line;
    output.remove_prefix(text.size() + (whole ? 1 : 0));
  }
  append(lines);
}

void LogFile::append(std::string& lines) {
  if (!lines.empty() && !try_append(lines).ok()) lost_ += lines.size();
  lines.clear();
}

Result<void> LogFile::try_append(std::string_view lines) {
  if (max_size_ != 0 && size_ != 0 && size_ + lines.size() > max_size_) TRY(rotate());
  if (!file_.valid()) TRY(reopen());
  TRY(sys::write_all(file_, lines));
  size_ += lines.size();
  return {};
}

Result<void> LogFile::rotate() {
  const auto name = [&](unsigned number) { return text::cat(path_, ".", number); };
  // The oldest is overwritten; any of them may be missing.
  for (unsigned number = max_files_ - 1; number > 1; --number)
    (void)sys::renameat(FdView::cwd(), name(number - 1), FdView::cwd(), name(number));
  if (max_files_ > 1) {
    TRY(sys::renameat(FdView::cwd(), path_, FdView::cwd(), name(1)));
  } else {
    TRY(sys::unlinkat(FdView::cwd(), path_));
  }
  return reopen();
}

}  // namespace estiva::shim
