// SPDX-License-Identifier: Apache-2.0
// The log.
#include "estiva/base/log.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "estiva/base/json.h"
#include "estiva/base/sys.h"
#include "estiva/base/sys_socket.h"
#include "estiva/base/text.h"
#include "estiva/base/time.h"

namespace estiva {

namespace {

constexpr std::string_view name_of(LogLevel level) { return kLogLevelNames[static_cast<size_t>(level)]; }

// syslog(3): LOG_ERR, LOG_WARNING, LOG_INFO, LOG_DEBUG.
constexpr int priority_of(LogLevel level) {
  constexpr int kPriorities[] = {3, 4, 6, 7};
  return kPriorities[static_cast<size_t>(level)];
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

constexpr const char* kJournalSocket = "/run/systemd/journal/socket";
constexpr const char* kSystemLogSocket = "/dev/log";

Result<Fd> connect_to(const char* socket_path) {
  Fd socket = TRY(sys::unix_socket(SOCK_DGRAM));
  TRY(sys::connect_unix(socket, socket_path).context([&] { return std::string(socket_path); }));
  return socket;
}

// systemd, "Native Journal Protocol". A value with a newline has its length before it, in 8 bytes.
std::string journal_entry(const std::string& name, LogLevel level, std::string_view message) {
  std::string size(sizeof(uint64_t), 0);
  const uint64_t length = message.size();
  memcpy(size.data(), &length, sizeof length);  // little-endian as all that we build for
  return text::cat("PRIORITY=", priority_of(level), "\nSYSLOG_IDENTIFIER=", name, "\nMESSAGE\n", size,
                   message, "\n");
}

// RFC 3164 as glibc writes it; the receiver knows the time and who sent it.
std::string system_log_entry(const std::string& name, LogLevel level, std::string_view message) {
  constexpr int kUser = 1 << 3;  // LOG_USER
  return text::cat("<", kUser | priority_of(level), ">", name, ": ", message);
}

}  // namespace

Result<void> Log::open(const std::string& destination) {
  struct Row {
    std::string_view prefix;
    Target target;
  };
  constexpr Row kRows[] = {
      {"file:", Target::kFile}, {"journald:", Target::kJournal}, {"syslog:", Target::kSystemLog}};
  Target target = Target::kFile;
  std::string place = destination;
  for (const Row& row : kRows) {
    if (!destination.starts_with(row.prefix)) continue;
    target = row.target;
    place = destination.substr(row.prefix.size());
  }
  const auto noun = [] { return "--log"; };
  if (place.empty()) return Error(Code::kInvalid, "--log: a name or path is missing");
  if (place.find('\n') != std::string::npos)
    return Error(Code::kInvalid, "--log: a name can't have a newline");
  if (target == Target::kFile) TRY(open_file(place).context(noun));
  if (target == Target::kJournal) TRY(connect_to(kJournalSocket).context(noun));
  if (target == Target::kSystemLog) TRY(connect_to(kSystemLogSocket).context(noun));
  target_ = target;
  place_ = std::move(place);
  return {};
}

void Log::error(const Error& error) { line(LogLevel::kError, error.to_string(), &error.parts()); }

Result<void> Log::write(LogLevel level, std::string_view message, const ErrorParts* parts) const {
  if (target_ == Target::kNone) return {};
  if (target_ == Target::kJournal)
    return sys::send_message(TRY(connect_to(kJournalSocket)), journal_entry(place_, level, message));
  if (target_ == Target::kSystemLog)
    return sys::send_message(TRY(connect_to(kSystemLogSocket)), system_log_entry(place_, level, message));
  const std::string line =
      format_ == LogFormat::kJson
          ? json_line(level, message, parts)
          : text::cat("time=\"", now_rfc3339(), "\" level=", name_of(level), " msg=", text::quote(message));
  return sys::write_all(TRY(open_file(place_)), text::cat(line, "\n"));
}

void Log::line(LogLevel level, std::string_view message, const ErrorParts* parts) {
  if (level > level_) return;
  const std::string prefix = level == LogLevel::kError ? "" : text::cat(name_of(level), ": ");
  // A log that can't be written must not change what the command does.
  (void)sys::write_all(FdView::of_number(2), text::cat(program_, ": ", prefix, message, "\n"));
  (void)write(level, message, parts);
}

}  // namespace estiva
