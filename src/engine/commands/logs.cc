// SPDX-License-Identifier: Apache-2.0
// cais logs: what a container wrote, from its log and those that it was rotated to.
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>

#include "engine/commands/containers.h"
#include "engine/container/status.h"
#include "engine/format.h"
#include "engine/run/signals.h"
#include "estiva/base/sys.h"
#include "estiva/base/sys_socket.h"
#include "estiva/base/text.h"
#include "estiva/base/time.h"

namespace estiva::engine {

namespace {

struct LogFlags {
  bool follow = false, timestamps = false;
  std::string tail = "all", since, until;
};
constexpr Option kLogRows[] = {
    options::row<&LogFlags::follow>('f', "follow", nullptr, "show new output too, until the container ends"),
    options::row<&LogFlags::tail>('n', "tail", "N", "show only the last N lines"),
    options::row<&LogFlags::since>(0, "since", "TIME",
                                   "show lines after TIME: RFC 3339, or 10m, 2h before now"),
    options::row<&LogFlags::until>(0, "until", "TIME", "show lines before TIME"),
    options::row<&LogFlags::timestamps>('t', "timestamps", nullptr, "show the time of each line"),
};

constexpr int kLook = 100;  // milliseconds between two looks at a log that is followed

Result<int64_t> time_or(const std::string& text, int64_t otherwise) {
  return text.empty() ? Result<int64_t>(otherwise) : time_of(text);
}

struct Limits {
  int64_t since = INT64_MIN, until = INT64_MAX;
  bool timestamps = false;
};

// A line of the log: "TIME STREAM F|P TEXT".
Result<void> show(std::string_view line, const Limits& limits, bool& begins) {
  const size_t stream = line.find(' '), tag = line.find(' ', stream + 1), text = line.find(' ', tag + 1);
  if (stream == line.npos || tag == line.npos || text == line.npos) return {};
  const std::string time(line.substr(0, stream));
  const int64_t seconds = seconds_of(time);
  if (seconds < limits.since || seconds > limits.until) return {};
  const bool whole = line.substr(tag + 1, text - tag - 1) == "F";
  const bool errors = line.substr(stream + 1, tag - stream - 1) == "stderr";
  const std::string prefix = limits.timestamps && begins ? time + " " : "";
  begins = whole;
  return sys::write_all(FdView::of_number(errors ? 2 : 1),
                        text::cat(prefix, line.substr(text + 1), whole ? "\n" : ""));
}

// Reads a log from where it stopped last, whole lines only.
class Reader {
 public:
  explicit Reader(Fd file) : file_(std::move(file)) {}

  template <typename Take>
  Result<void> read(const Take& take) {
    char buffer[32 << 10];
    for (;;) {
      const size_t size = TRY(sys::read(file_, buffer, sizeof buffer));
      if (size == 0) return {};
      rest_.append(buffer, size);
      size_t begin = 0;
      for (size_t end; (end = rest_.find('\n', begin)) != rest_.npos; begin = end + 1)
        TRY(take(std::string_view(rest_).substr(begin, end - begin)));
      rest_.erase(0, begin);
    }
  }
  bool is_at(const std::string& path) const {
    const Result<struct stat> mine = sys::fstat(file_), named = sys::fstatat(FdView::cwd(), path, 0);
    return mine.ok() && named.ok() && mine.value().st_ino == named.value().st_ino;
  }

 private:
  Fd file_;
  std::string rest_;
};

// Oldest first; the last is the one that is written to.
std::vector<std::string> files_of(const Engine& engine, const ContainerRecord& record) {
  const std::string path = engine.containers.file(record.id, "log");
  std::vector<std::string> out;
  const Result<LogLimits> limits = log_limits(record.options);
  for (unsigned i = limits.ok() ? limits.value().max_files : 1; i-- > 1;)
    out.push_back(text::cat(path, ".", i));
  out.push_back(path);
  return out;
}

// The end of the logs: as many whole lines as were asked for.
Result<void> show_tail(const std::vector<std::string>& lines, size_t most, const Limits& limits) {
  size_t first = lines.size();
  for (size_t count = 0; first > 0; --first) {
    const bool whole = lines[first - 1].find(" F ") != std::string::npos;
    if (whole && count == most) break;
    count += whole ? 1 : 0;
  }
  bool begins = true;
  for (; first < lines.size(); ++first) TRY(show(lines[first], limits, begins));
  return {};
}

// The log that follows the one that is read, by now; nothing: that is the last. `paths` as of files_of().
std::optional<Fd> next_log(const std::vector<std::string>& paths, const Reader& reader) {
  const auto place = [&] {
    return std::ranges::find_if(paths, [&](const std::string& each) { return reader.is_at(each); });
  };
  for (;;) {
    const auto at = place();
    // Where it was rotated away, the oldest that is there.
    for (auto next = at == paths.end() ? paths.begin() : at + 1; next != paths.end(); ++next) {
      Result<Fd> file = sys::open(*next, O_RDONLY);
      if (file.ok() && place() == at) return std::move(file).value();
      if (file.ok()) break;  // they have been renamed meanwhile
    }
    if (place() == at) return std::nullopt;
  }
}

Result<void> follow_log(const Engine& engine, const ContainerRecord& record, Reader& reader,
                        const Limits& limits) {
  const std::vector<std::string> paths = files_of(engine, record);
  bool begins = true;
  const auto take = [&](std::string_view line) { return show(line, limits, begins); };
  for (bool last = false;;) {
    TRY(reader.read(take));
    if (std::optional<Fd> next = next_log(paths, reader)) {
      TRY(reader.read(take));  // what came before it had another name
      reader = Reader(std::move(*next));
      continue;
    }
    if (last) return {};
    const Condition condition = TRY(condition_of(engine.containers, record));
    last = condition != Condition::kRunning && condition != Condition::kPaused &&
           condition != Condition::kStarting;
    if (!last) TRY(sys::poll({}, kLook));
  }
}

Result<int> logs(Invocation& in) {
  LogFlags flags;
  const Strings operands = TRY(parse_operands(kLogs, &flags, in, 1, 1));
  const Engine engine = TRY(open_containers(in));
  const ContainerRecord record = TRY(engine.containers.find(operands[0]));
  Limits limits{TRY(time_or(flags.since, INT64_MIN)), TRY(time_or(flags.until, INT64_MAX)), flags.timestamps};
  const auto most = flags.tail == "all" ? SIZE_MAX : text::number<size_t>(flags.tail);
  if (!most) return Error(Code::kInvalid, "takes a number or all").object("option --tail");
  if (record.options.log_driver == "none")
    return Error(Code::kState, "keeps no log (it was made with the log driver none)").object(record.name);
  std::vector<std::string> lines;
  bool begins = true;
  const auto take = [&](std::string_view line) -> Result<void> {
    if (*most == SIZE_MAX) return show(line, limits, begins);
    lines.emplace_back(line);
    return {};
  };
  std::optional<Reader> reader;
  for (const std::string& path : files_of(engine, record)) {
    Result<Fd> file = sys::open(path, O_RDONLY);
    if (!file.ok()) continue;
    reader.emplace(std::move(file).value());
    TRY(reader->read(take));
  }
  TRY(show_tail(lines, *most, limits));
  if (flags.follow && reader) TRY(follow_log(engine, record, *reader, limits));
  return 0;
}

}  // namespace

const Command kLogs = {"logs", "CONTAINER", "print what a container wrote", kLogRows, logs};

}  // namespace estiva::engine
