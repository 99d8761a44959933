// SPDX-License-Identifier: Apache-2.0
// The log.
#include "estiva/base/log.h"

#include <fcntl.h>
#include <string.h>
#include <time.h>

#include "estiva/base/json.h"
#include "estiva/base/sys.h"
#include "estiva/base/text.h"
#include "estiva/base/time.h"

namespace estiva {

namespace {

constexpr std::string_view name_of(LogLevel level) {
  constexpr std::string_view kNames[] = {"error", "warning", "info", "debug"};
  return kNames[static_cast<size_t>(level)];
}

constexpr std::string_view name_of(Code code) {
  constexpr std::string_view kNames[] = {"invalid", "unsupported", "not-found", "exists",
                                         "state",   "system",      "internal"};
  return kNames[static_cast<size_t>(code)];
}

std::string padded(long value, size_t width) {
  std::string digits = text::cat(value);
  return text::cat(std::string(digits.size() < width ? width - digits.size() : 0, '0'), digits);
}

std::string now_rfc3339() {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return text::cat(utc_time(now.tv_sec), ".", padded(now.tv_nsec, 9), "Z");
}

void add_string(json::Writer& writer, std::string_view key, std::string_view value) {
  if (value.empty()) return;
  writer.key(key);
  writer.string(value);
}

std::string json_line(LogLevel level, std::string_view message, const ErrorParts* parts) {
  std::string text;
  json::Writer writer(text);
  writer.begin_object();
  add_string(writer, "level", name_of(level));
  writer.key("msg");
  writer.string(message);
  add_string(writer, "time", now_rfc3339());
  if (parts != nullptr) {
    add_string(writer, "code", name_of(parts->code));
    add_string(writer, "object", parts->object);
    add_string(writer, "call", parts->call);
    if (parts->errnum != 0) add_string(writer, "errno", strerrorname_np(parts->errnum) ?: "");
    add_string(writer, "stage", parts->stage);
    add_string(writer, "hint", parts->hint);
  }
  writer.end_object();
  return text;
}

Result<Fd> open_file(const std::string& path) {
  return sys::open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOCTTY, 0644);
}

}  // namespace

Result<void> Log::open(const std::string& path) {
  TRY(open_file(path).context([] { return "--log"; }));
  file_ = path;
  return {};
}

void Log::error(const Error& error) { line(LogLevel::kError, error.to_string(), &error.parts()); }

void Log::line(LogLevel level, std::string_view message, const ErrorParts* parts) {
  if (level == LogLevel::kDebug && !debug_) return;
  // A log that can't be written must not change what the command does.
  const std::string prefix = level == LogLevel::kError ? "" : text::cat(name_of(level), ": ");
  (void)sys::write_all(FdView::of_number(2), text::cat(program_, ": ", prefix, message, "\n"));
  if (file_.empty()) return;
  const std::string line =
      format_ == LogFormat::kJson
          ? json_line(level, message, parts)
          : text::cat("time=\"", now_rfc3339(), "\" level=", name_of(level), " msg=", text::quote(message));
  const Result<Fd> file = open_file(file_);
  if (file.ok()) (void)sys::write_all(file.value(), text::cat(line, "\n"));
}

}  // namespace estiva
