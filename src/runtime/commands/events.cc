// SPDX-License-Identifier: Apache-2.0
// estiva events: what a container uses and what happens to it, one JSON object a line, in runc's form.
#include <algorithm>
#include <limits>

#include "estiva/base/json.h"
#include "estiva/base/text.h"
#include "runtime/cgroup/deadline.h"
#include "runtime/cgroup/layout.h"
#include "runtime/cgroup/stats.h"
#include "runtime/commands/command.h"
#include "runtime/commands/container.h"
#include "runtime/parent/watch.h"

namespace estiva {

namespace {

struct EventsOptions {
  std::string interval = "5s";
  std::string psi;
  bool stats = false;
};

constexpr Option kEventsRows[] = {
    options::row<&EventsOptions::interval>(
        0, "interval", "DURATION", "how often to print statistics, such as 500ms or 1m; 5s if not given"),
    options::row<&EventsOptions::stats>(0, "stats", nullptr, "print the statistics once and end"),
    options::row<&EventsOptions::psi>(
        0, "psi", "TRIGGER", "report pressure, such as memory:some:150ms/1s; commas separate several"),
};

struct Unit {
  std::string_view name;
  uint64_t microseconds;
};
// Longer names first.
constexpr Unit kUnits[] = {{"us", 1}, {"ms", 1000}, {"s", 1000000}, {"m", 60000000}, {"h", 3600000000}};

// "1m30s", "500ms" in microseconds.
std::optional<uint64_t> parse_duration(std::string_view text) {
  uint64_t total = 0;
  if (text.empty()) return std::nullopt;
  while (!text.empty()) {
    const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    const auto number = text::number<uint32_t>(text.substr(0, digits));
    text.remove_prefix(digits);
    const auto unit =
        std::ranges::find_if(kUnits, [&](const Unit& one) { return text.starts_with(one.name); });
    if (!number || unit == std::end(kUnits)) return std::nullopt;
    total += *number * unit->microseconds;
    text.remove_prefix(unit->name.size());
  }
  return total;
}

Error bad_trigger(std::string_view text) {
  return Error(Code::kInvalid, text::cat("--psi: ", text::quote(text), " is no trigger"))
      .hint(
          "RESOURCE:KIND:STALL/WINDOW, such as memory:some:150ms/1s; RESOURCE is cpu, memory or io, KIND "
          "some or full");
}

Result<PressureTrigger> parse_trigger(const std::string& text) {
  const std::vector<std::string> parts = text::split(text, ':');
  const std::vector<std::string> times = text::split(parts.back(), '/');
  if (parts.size() != 3 || times.size() != 2) return bad_trigger(text);
  const auto stall = parse_duration(times[0]), window = parse_duration(times[1]);
  const bool known_resource = parts[0] == "cpu" || parts[0] == "memory" || parts[0] == "io";
  const bool known_kind = parts[1] == "some" || parts[1] == "full";
  if (!stall || !window || !known_resource || !known_kind) return bad_trigger(text);
  return PressureTrigger{parts[0], parts[1], *stall, *window};
}

Result<std::vector<PressureTrigger>> parse_triggers(const std::string& psi) {
  std::vector<PressureTrigger> triggers;
  if (psi.empty()) return triggers;
  for (const std::string& one : text::split(psi, ',')) triggers.push_back(TRY(parse_trigger(one)));
  return triggers;
}

// Milliseconds.
Result<int> parse_interval(const std::string& text) {
  const auto microseconds = parse_duration(text);
  const uint64_t milliseconds = microseconds.value_or(0) / 1000;
  if (milliseconds > 0 && milliseconds <= std::numeric_limits<int>::max())
    return static_cast<int>(milliseconds);
  return Error(Code::kInvalid,
               text::cat("--interval: must be a time such as 500ms or 5s, not ", text::quote(text)));
}

Result<void> print_event(const std::string& id, const Event& event) {
  std::string line;
  json::Writer writer(line);
  writer.begin_object();
  writer.key("type");
  writer.string(event.type);
  writer.key("id");
  writer.string(id);
  writer.end_object();
  if (!event.data.empty()) {
    line.pop_back();
    line += text::cat(",\"data\":", event.data, "}");
  }
  return print(line + "\n");
}

Result<void> print_stats(const CgroupLayout& layout, const Record& record) {
  const cgroup::Stats stats = TRY(cgroup::read_stats(layout, record.cgroup));
  return print_event(record.id, {"stats", cgroup::to_json(stats)});
}

Result<void> follow(const CgroupLayout& layout, const Record& record, Watch& watch, int interval) {
  cgroup::Deadline next(interval);
  for (;;) {
    const std::vector<Event> events = TRY(watch.wait(next.remaining()));
    for (const Event& event : events) TRY(print_event(record.id, event));
    if (watch.ended()) return {};
    if (!next.passed()) continue;
    TRY(print_stats(layout, record));
    next = cgroup::Deadline(interval);
  }
}

[[gnu::cold]] Result<int> events(Invocation& in) {
  EventsOptions given;
  const std::vector<std::string> operands = TRY(parse_operands(kEvents, &given, in, 1, 1));
  const int interval = TRY(parse_interval(given.interval));
  const std::vector<PressureTrigger> triggers = TRY(parse_triggers(given.psi));
  const Store store = TRY(Store::open(in.global.root, false));
  const Record record = TRY(load_container(store, operands[0], Lock::kNone)).record;
  if (!init_alive(record)) return not_running(record.id);
  if (record.cgroup.path.empty())
    return Error(Code::kUnsupported,
                 text::cat("container ", text::quote(record.id), " has no cgroup to look in"));
  const CgroupLayout layout = TRY(cgroup::detect_layout());
  if (given.stats) {
    TRY(print_stats(layout, record));
    return 0;
  }
  Watch watch = TRY(Watch::open(layout, record, triggers));
  TRY(follow(layout, record, watch, interval));
  return 0;
}

}  // namespace

const Command kEvents = {"events", "ID", "print what a container uses and what happens to it, until it ends",
                         kEventsRows, events};

}  // namespace estiva
