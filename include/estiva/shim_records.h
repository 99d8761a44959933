// SPDX-License-Identifier: Apache-2.0
// The files that cais and cais-shim leave each other in a container's run directory: lines of key=value, each written
// whole and then renamed, so that a reader sees the old or the new. docs/shim.md has the prose.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "estiva/base/key_values.h"

namespace estiva::shim {

inline constexpr char kConfFile[] = "shim.conf";    // Conf; written by cais
inline constexpr char kSocketFile[] = "shim.sock";  // shim_protocol.h
inline constexpr char kStateFile[] = "state";       // State
inline constexpr char kExitFile[] = "exit";         // ExitRecord
inline constexpr char kPidFile[] = "pid";           // by the runtime: the number of the container's process
inline constexpr size_t kMaxRecord = 64 << 10;      // bytes of each

// What a command that ran into trouble leaves besides begins so: sockets and pid files of exec sessions.
inline constexpr char kScratchPrefix[] = "tmp-";

enum class Input : uint8_t {
  kNone,  // /dev/null
  kOnce,  // ends with the input of the first client that had some
  kOpen,  // never ends
};
inline std::span<const std::string_view> key_names(Input) {
  static constexpr std::string_view kNames[] = {"none", "once", "open"};
  return kNames;
}

struct Conf {
  unsigned version = 1;
  std::string id;
  std::vector<std::string> runtime;  // its absolute path, then its global options
  std::string bundle;                // absolute
  bool terminal = false;
  Input input = Input::kNone;
  uint16_t rows = 0, columns = 0;  // of the terminal before anybody attached
  std::string log;                 // absolute; empty: none is kept
  uint64_t log_max_size = 0;       // bytes of one file; 0: no limit
  unsigned log_max_files = 1;      // this one included
  // Numbers of descriptors that it keeps to itself: sockets of published ports. N:PORT: their connections are passed on
  // to that port of the container.
  std::vector<std::string> held;
  std::vector<std::string> address;     // the container's, in the order in which they are tried
  std::vector<std::string> after_exit;  // the command, by its absolute path, that the shim becomes at the end
};
inline constexpr Key kConfKeys[] = {
    key_values::row<&Conf::version>("version"),
    key_values::row<&Conf::id>("id"),
    key_values::row<&Conf::runtime>("runtime"),
    key_values::row<&Conf::bundle>("bundle"),
    key_values::row<&Conf::terminal>("terminal"),
    key_values::row<&Conf::input>("input"),
    key_values::row<&Conf::rows>("rows"),
    key_values::row<&Conf::columns>("columns"),
    key_values::row<&Conf::log>("log"),
    key_values::row<&Conf::log_max_size>("log-max-size"),
    key_values::row<&Conf::log_max_files>("log-max-files"),
    key_values::row<&Conf::held>("held"),
    key_values::row<&Conf::address>("address"),
    key_values::row<&Conf::after_exit>("after-exit"),
};

enum class Phase : uint8_t {
  kCreating,  // the runtime is at work
  kCreated,
  kRunning,
  kExited,  // there is an exit record
};
inline std::span<const std::string_view> key_names(Phase) {
  static constexpr std::string_view kNames[] = {"creating", "created", "running", "exited"};
  return kNames;
}

// Who is at work, by number and start time (identity.h) within one boot.
struct State {
  unsigned version = 1;
  std::string boot;
  Phase phase = Phase::kCreating;
  int32_t shim = 0;
  uint64_t shim_start = 0;
  int32_t runtime = 0;  // its create, while that runs
  uint64_t runtime_start = 0;
  int32_t init = 0;
  uint64_t init_start = 0;
  int64_t started_ns = 0;  // since the epoch
};
inline constexpr Key kStateKeys[] = {
    key_values::row<&State::version>("version"),
    key_values::row<&State::boot>("boot"),
    key_values::row<&State::phase>("phase"),
    key_values::row<&State::shim>("shim"),
    key_values::row<&State::shim_start>("shim-start"),
    key_values::row<&State::runtime>("runtime"),
    key_values::row<&State::runtime_start>("runtime-start"),
    key_values::row<&State::init>("init"),
    key_values::row<&State::init_start>("init-start"),
    key_values::row<&State::started_ns>("started-ns"),
};

struct ExitRecord {
  unsigned version = 1;
  unsigned code = 0;  // the status, or 128 and the signal
  unsigned signal = 0;
  bool oom = false;
  int64_t started_ns = 0;  // 0: it never ran
  int64_t finished_ns = 0;
  uint64_t memory_peak = 0;  // bytes; 0: the kernel does not tell
  uint64_t cpu_ns = 0;
  uint64_t log_lost = 0;     // bytes of output that could not be written to the log
  bool told_to_end = false;  // by SIGTERM to the shim, as from a host that goes down: nobody is to restart it
  std::string reason;        // when no shim saw the end: why
};
inline constexpr Key kExitKeys[] = {
    key_values::row<&ExitRecord::version>("version"),
    key_values::row<&ExitRecord::code>("code"),
    key_values::row<&ExitRecord::signal>("signal"),
    key_values::row<&ExitRecord::oom>("oom"),
    key_values::row<&ExitRecord::started_ns>("started-ns"),
    key_values::row<&ExitRecord::finished_ns>("finished-ns"),
    key_values::row<&ExitRecord::memory_peak>("memory-peak"),
    key_values::row<&ExitRecord::cpu_ns>("cpu-ns"),
    key_values::row<&ExitRecord::log_lost>("log-lost"),
    key_values::row<&ExitRecord::told_to_end>("told-to-end"),
    key_values::row<&ExitRecord::reason>("reason"),
};

// What the shim says on its standard output once, then it closes it.
struct Report {
  int32_t pid = 0;      // of the container's process: it was created
  std::string error;    // it was not
  std::string warning;  // it was, and the runtime said something
};
inline constexpr Key kReportKeys[] = {
    key_values::row<&Report::pid>("pid"),
    key_values::row<&Report::error>("error"),
    key_values::row<&Report::warning>("warning"),
};

}  // namespace estiva::shim
