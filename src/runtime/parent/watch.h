// SPDX-License-Identifier: Apache-2.0
// Waits for what happens to a container: out of memory, a limit that was met, pause and resume, pressure, the end.
// The kernel tells all of it (poll(2) on the cgroup's files, an eventfd, a pidfd); only what it counts and does not tell
// (pids on v1) is looked at when the caller's time is up.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "estiva/base/fd.h"
#include "runtime/parent/record.h"
#include "runtime/plan/cgroup_layout.h"

namespace estiva {

struct Event {
  std::string type;
  std::string data;  // JSON; empty: none
};

// Pressure stall information (psi.rst): so much stall within a window, in microseconds. cgroup v2.
struct PressureTrigger {
  std::string resource;  // cpu, memory or io
  std::string kind;      // some or full
  uint64_t stall = 0, window = 0;
};

class Watch {
 public:
  // Code::kState when the container does not run.
  static Result<Watch> open(const CgroupLayout& layout, const Record& record,
                            const std::vector<PressureTrigger>& triggers);

  // What has happened, or nothing after `timeout_ms`. The event "exit" is the last.
  Result<std::vector<Event>> wait(int timeout_ms);
  bool ended() const { return ended_; }

 private:
  enum class Kind { kCounters, kFreezer, kOomV1, kPressure };
  struct Source {
    Kind kind;
    std::string name;  // of the controller, or the event's data
    Fd file;           // polled
    short wanted;      // POLLPRI or POLLIN
    Fd oom_control;    // kOomV1: gone with the cgroup
    std::map<std::string, uint64_t> last;
  };

  Result<void> add_file(const CgroupHierarchy& hierarchy, const Record& record, Kind kind,
                        const std::string& controller);
  Result<void> add_oom_v1(const CgroupHierarchy& hierarchy, const Record& record);
  Result<void> add_trigger(const CgroupLayout& layout, const Record& record, const PressureTrigger& trigger);
  Result<void> add_cgroup(const CgroupLayout& layout, const Record& record);
  // False: the source has nothing more to say.
  static bool look(Source& source, std::vector<Event>& out);
  static bool look_at_counters(Source& source, std::vector<Event>& out);

  std::vector<Source> sources_;
  Fd init_;
  bool ended_ = false;
};

}  // namespace estiva
