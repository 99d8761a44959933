// SPDX-License-Identifier: Apache-2.0
// The log: warnings and the one final error, on standard error and, if asked for, in a file as text or as JSON
// lines with exactly level, msg and time (RFC 3339), as containerd and podman read them; our own keys come after.
#pragma once

#include <string>
#include <string_view>

#include "estiva/base/error.h"

namespace estiva {

enum class LogFormat { kText, kJson };
enum class LogLevel { kError, kWarning, kInfo, kDebug };

class Log {
 public:
  // `program` stands before each line on standard error.
  explicit Log(std::string_view program) : program_(program) {}

  // Lines are appended to `path`, which is made with mode 0644 where missing. Call before anything can fail: engines
  // read the file after every command. No descriptor stays open: a container must not get it.
  Result<void> open(const std::string& path);
  void set_format(LogFormat format) { format_ = format; }
  void set_debug(bool on) { debug_ = on; }

  void warning(std::string_view message) { line(LogLevel::kWarning, message, nullptr); }
  void debug(std::string_view message) { line(LogLevel::kDebug, message, nullptr); }
  // Prints the error; the JSON line gains its parts (code, object, call, errno, stage, hint).
  void error(const Error& error);

 private:
  void line(LogLevel level, std::string_view message, const ErrorParts* parts);

  std::string program_;
  std::string file_;
  LogFormat format_ = LogFormat::kText;
  bool debug_ = false;
};

}  // namespace estiva
