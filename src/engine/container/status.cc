// SPDX-License-Identifier: Apache-2.0
// Condition of a container.
#include "engine/container/status.h"

#include <errno.h>
#include <fcntl.h>

#include <iterator>

#include "engine/container/restarting.h"
#include "engine/format.h"
#include "estiva/base/files.h"
#include "estiva/base/identity.h"
#include "estiva/base/text.h"
#include "estiva/base/time.h"

namespace estiva::engine {

namespace {

constexpr std::string_view kNames[] = {"created", "created",    "running", "paused",
                                       "exited",  "restarting", "removing"};
constexpr int64_t kSecond = 1'000'000'000;
constexpr char kRunningFile[] = "running";

template <typename T>
Result<T> read_values(const std::string& path, std::span<const Key> keys) {
  const std::string text = TRY(files::read_all(FdView::cwd(), path, shim::kMaxRecord));
  T out;
  TRY(key_values::parse(keys, &out, text, key_values::Unknown::kIgnore).context([&] { return path; }));
  return out;
}

}  // namespace

std::string_view name_of(Condition condition) { return kNames[static_cast<size_t>(condition)]; }

bool has_ended(Condition condition) {
  return condition == Condition::kExited || condition == Condition::kRestarting;
}

Error not_running(std::string_view container, Condition condition) {
  const char* reason = condition == Condition::kRestarting
                           ? " is restarting, wait until the container is running"
                           : " is not running";
  return Error(Code::kState, text::cat("Container ", container, reason));
}

bool is_alive(int32_t pid, uint64_t start) {
  if (pid <= 0) return false;
  const Result<uint64_t> found = process_start_time(pid);
  return found.ok() && found.value() == start;
}

Result<shim::State> read_state(const Containers& containers, const std::string& id) {
  return read_values<shim::State>(containers.run_file(id, shim::kStateFile), shim::kStateKeys);
}

Result<shim::ExitRecord> read_exit(const std::string& path) {
  return read_values<shim::ExitRecord>(path, shim::kExitKeys);
}

Result<void> mark_running(const Containers& containers, const std::string& id) {
  const RunningMark mark{TRY(boot_id()), epoch_ns()};
  const std::string text = TRY(key_values::write(kRunningKeys, &mark));
  const Fd directory = TRY(sys::open(containers.dir(id), O_RDONLY | O_DIRECTORY));
  return files::replace(directory, kRunningFile, text, 0600);
}

Result<void> unmark_running(const Containers& containers, const std::string& id) {
  Result<void> removed = sys::unlinkat(FdView::cwd(), containers.file(id, kRunningFile));
  return !removed.ok() && removed.error().errnum() == ENOENT ? Result<void>() : std::move(removed);
}

std::optional<RunningMark> ran_before_boot(const Containers& containers, const std::string& id) {
  const auto mark = read_values<RunningMark>(containers.file(id, kRunningFile), kRunningKeys);
  const Result<std::string> boot = boot_id();
  if (!mark.ok() || !boot.ok() || mark.value().boot == boot.value()) return std::nullopt;
  return mark.value();
}

Result<Status> status_of(const Containers& containers, const ContainerRecord& record) {
  Status out;
  const Result<shim::ExitRecord> last = read_exit(containers.file(record.id, shim::kExitFile));
  if (last.ok()) {
    out.exit = last.value();
    out.condition = Condition::kExited;
  }
  const Result<shim::State> state = read_state(containers, record.id);
  if (state.ok()) {
    out.state = state.value();
    const bool same_boot = out.state.boot == TRY(boot_id());
    const bool alive = same_boot && is_alive(out.state.shim, out.state.shim_start);
    const Result<shim::ExitRecord> ended = read_exit(containers.run_file(record.id, shim::kExitFile));
    out.stale = !alive;
    if (ended.ok()) {
      out.exit = ended.value();
      out.condition = Condition::kExited;
    } else if (alive && out.state.phase == shim::Phase::kRunning) {
      const auto mark = read_values<PauseMark>(containers.run_file(record.id, kPausedFile), kPauseKeys);
      out.condition = mark.ok() ? Condition::kPaused : Condition::kRunning;
      out.forgotten = mark.ok() && mark.value().by != 0 && !is_alive(mark.value().by, mark.value().by_start);
    } else if (alive) {
      out.condition = Condition::kStarting;
    }
  } else {
    out.stale = ran_before_boot(containers, record.id).has_value();
  }
  if (out.condition == Condition::kExited && is_restarting(containers, record, out.exit))
    out.condition = Condition::kRestarting;
  if (record.removing) out.condition = Condition::kRemoving;
  return out;
}

Result<Condition> condition_of(const Containers& containers, const ContainerRecord& record) {
  const Status status = TRY(status_of(containers, record));
  return status.condition;
}

std::string describe(const Status& status) {
  const auto since = [](int64_t ns) { return human_duration((epoch_ns() - ns) / kSecond); };
  switch (status.condition) {
    case Condition::kCreated:
    case Condition::kStarting:
      return "Created";
    case Condition::kRunning:
      return text::cat("Up ", since(status.state.started_ns));
    case Condition::kPaused:
      return text::cat("Up ", since(status.state.started_ns), " (Paused)");
    case Condition::kExited:
    case Condition::kRestarting:
      return text::cat(status.condition == Condition::kExited ? "Exited (" : "Restarting (", status.exit.code,
                       ") ", since(status.exit.finished_ns), " ago");
    case Condition::kRemoving:
      return "Removal In Progress";
  }
  return "";
}

std::string utc_text(int64_t nanoseconds) {
  if (nanoseconds == 0) return "0001-01-01T00:00:00Z";
  std::string fraction = text::cat(nanoseconds % kSecond);
  fraction.insert(0, 9 - fraction.size(), '0');
  return text::cat(utc_time(nanoseconds / kSecond), ".", fraction, "Z");
}

}  // namespace estiva::engine
