// SPDX-License-Identifier: Apache-2.0
// Which process a number meant.
#include "estiva/base/identity.h"

#include <fcntl.h>

#include <vector>

#include "estiva/base/files.h"
#include "estiva/base/sys.h"
#include "estiva/base/text.h"

namespace estiva {

Result<uint64_t> process_start_time(pid_t pid) {
  const std::string path = text::cat("/proc/", pid, "/stat");
  const auto gone = [&] { return Error(Code::kNotFound, text::cat("process ", pid, " is gone")); };
  Result<Fd> file = sys::open(path, O_RDONLY);
  if (!file.ok()) return gone();
  file.value().close_later();
  char buffer[1024];
  const Result<size_t> size = sys::read(file.value(), buffer, sizeof buffer);
  if (!size.ok()) return gone();
  // The name, field 2, may have blanks and brackets: the last ")" ends it.
  const std::string_view text(buffer, size.value());
  const size_t bracket = text.rfind(')');
  if (bracket == std::string_view::npos) return gone();
  const std::vector<std::string> fields = text::split(text::trim(text.substr(bracket + 1)), ' ');
  constexpr size_t kState = 0, kThreads = 17, kStartTime = 19;  // fields 3, 20 and 22
  if (fields.size() <= kStartTime || fields[kState] == "X") return gone();
  // The first thread may end before the others: then it is a zombie, and the process goes on.
  if (fields[kState] == "Z" && text::number<unsigned>(fields[kThreads]).value_or(0) <= 1) return gone();
  const auto start = text::number<uint64_t>(fields[kStartTime]);
  if (!start) return gone();
  return *start;
}

Result<std::string> boot_id() {
  static std::string known;  // no process outlives it
  if (known.empty())
    known = text::trim(TRY(files::read_all(FdView::cwd(), "/proc/sys/kernel/random/boot_id", 4096)));
  return known;
}

}  // namespace estiva
