// SPDX-License-Identifier: Apache-2.0
// The log: warnings and the one final error, on standard error and, if asked for, in a file as text or as JSON
// lines with exactly level, msg and time (RFC 3339), as containerd and podman read them; our own keys come after.
// Or in the journal or the system log, by their own protocols.
#pragma once

#include <string>
#include <string_view>

#include "estiva/base/error.h"

namespace estiva {

enum class LogFormat { kText, kJson };
enum class LogLevel { kError, kWarning, kInfo, kDebug };
inline constexpr std::string_view kLogLevelNames[] = {"error", "warning", "info", "debug"};

class Log {
 public:
  // `program` stands before each line on standard error.
  explicit Log(std::string_view program) : program_(program) {}

  // `destination`: a path, or file:PATH, journald:NAME, syslog:NAME. Lines are appended to the file, which is made
  // with mode 0644 where missing. Call before anything can fail: engines read the file after every command. No
  // descriptor stays open: a container must not get it.
  Result<void> open(const std::string& destination);
  void set_format(LogFormat format) { format_ = format; }
  // The least urgent that is said.
  void set_level(LogLevel level) { level_ = level; }

  void warning(std::string_view message) { line(LogLevel::kWarning, message, nullptr); }
  void debug(std::string_view message) { line(LogLevel::kDebug, message, nullptr); }
  // Prints the error; the JSON line gains its parts (code, object, call, errno, stage, hint).
  void error(const Error& error);

 private:
  enum class Target { kNone, kFile, kJournal, kSystemLog };

  void line(LogLevel level, std::string_view message, const ErrorParts* parts);
  Result<void> write(LogLevel level, std::string_view message, const ErrorParts* parts) const;

  std::string program_;
  Target target_ = Target::kNone;
  std::string place_;  // the file's path, or the name that stands before the messages
  LogFormat format_ = LogFormat::kText;
  LogLevel level_ = LogLevel::kWarning;
};

}  // namespace estiva
