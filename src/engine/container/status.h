// SPDX-License-Identifier: Apache-2.0
// What a container is doing, as the files of its shim say and /proc confirms.
#pragma once

#include <optional>
#include <string>

#include "engine/container/containers.h"
#include "estiva/shim_records.h"

namespace estiva::engine {

// kRestarting: it has ended, and somebody waits to start it again.
enum class Condition : uint8_t { kCreated, kStarting, kRunning, kPaused, kExited, kRestarting, kRemoving };
std::string_view name_of(Condition condition);  // docker's words: "running"

struct Status {
  Condition condition = Condition::kCreated;
  shim::State state;       // while there is a shim
  shim::ExitRecord exit;   // of the last end; finished_ns is 0 before the first
  bool stale = false;      // it has ended, by a boot or without its shim, and nobody cleaned up yet
  bool forgotten = false;  // who paused it, for as long as it worked, has died
};

// It ran, and does not now.
bool has_ended(Condition condition);
// What needs a container that runs is refused.
Error not_running(std::string_view container, Condition condition);

Result<Condition> condition_of(const Containers& containers, const ContainerRecord& record);
Result<Status> status_of(const Containers& containers, const ContainerRecord& record);

// The process of that number is still the one that it was.
bool is_alive(int32_t pid, uint64_t start);

// In the run directory as long as the container is paused, and written before it is.
inline constexpr char kPausedFile[] = "paused";
struct PauseMark {
  int32_t by = 0;  // the command that pauses or resumes it at the moment; 0: paused until it is told to go on
  uint64_t by_start = 0;
};
inline constexpr Key kPauseKeys[] = {
    key_values::row<&PauseMark::by>("by"),
    key_values::row<&PauseMark::by_start>("by-start"),
};

// In the container's own directory from its start until its end is written down there: with a boot the run directory is
// gone, and this tells that it ran.
struct RunningMark {
  std::string boot;
  int64_t started_ns = 0;  // since the epoch
};
inline constexpr Key kRunningKeys[] = {
    key_values::row<&RunningMark::boot>("boot"),
    key_values::row<&RunningMark::started_ns>("started-ns"),
};
Result<void> mark_running(const Containers& containers, const std::string& id);
Result<void> unmark_running(const Containers& containers, const std::string& id);
// It ran when the host went down, and nobody has written its end down yet.
std::optional<RunningMark> ran_before_boot(const Containers& containers, const std::string& id);

// "Up 5 minutes", "Exited (0) 2 seconds ago", "Restarting (1) 2 seconds ago".
std::string describe(const Status& status);
// RFC 3339 with nanoseconds; docker's year 1 for 0.
std::string utc_text(int64_t nanoseconds);

Result<shim::State> read_state(const Containers& containers, const std::string& id);
// From the directory that lasts, or the shim's.
Result<shim::ExitRecord> read_exit(const std::string& path);

}  // namespace estiva::engine
