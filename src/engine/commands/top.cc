// SPDX-License-Identifier: Apache-2.0
// cais top, stats: what a running container is doing, from /proc and its control groups.
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <algorithm>

#include "engine/commands/containers.h"
#include "engine/container/id_maps.h"
#include "engine/container/status.h"
#include "engine/format.h"
#include "estiva/base/files.h"
#include "estiva/base/json.h"
#include "estiva/base/sys_socket.h"
#include "estiva/base/text.h"
#include "estiva/base/time.h"

namespace estiva::engine {

namespace {

constexpr size_t kMaxOutput = 16 << 20;

Result<std::string> proc(int64_t pid, const char* name) {
  return files::read_all(FdView::cwd(), text::cat("/proc/", pid, "/", std::string(name)), 1 << 20);
}

std::string field(const std::string& status, std::string_view name) {
  for (const std::string& line : text::split(status, '\n'))
    if (line.starts_with(name)) return std::string(text::trim(line.substr(name.size())));
  return "";
}

Result<ContainerRecord> running(const Engine& engine, const std::string& name) {
  const ContainerRecord record = TRY(engine.containers.find(name));
  const Condition condition = TRY(condition_of(engine.containers, record));
  if (condition == Condition::kRunning || condition == Condition::kPaused) return record;
  return not_running(record.id, condition);
}

Result<std::vector<int64_t>> pids_of(const ContainerRecord& record) {
  const std::string text = TRY(call_runtime(record, {"ps", "--format", "json", record.id}));
  return codec::decode<std::vector<int64_t>>(text, {.bytes = kMaxOutput});
}

// As the container's own processes see it.
std::string user_of(const ContainerRecord& record, const std::string& host) {
  const auto id = to_container(record.uid_map, text::number<uint32_t>(host).value_or(0));
  return record.maps_ids() && id ? text::cat(*id) : host;
}

Result<int> top(Invocation& in) {
  const Strings operands = TRY(parse_operands(kTop, nullptr, in, 1, 1));
  const Engine engine = TRY(open_containers(in));
  const ContainerRecord record = TRY(running(engine, operands[0]));
  Table table({"UID", "PID", "PPID", "STATE", "CMD"});
  for (const int64_t pid : TRY(pids_of(record))) {
    const Result<std::string> status = proc(pid, "status"), line = proc(pid, "cmdline");
    if (!status.ok() || !line.ok()) continue;  // it ended meanwhile
    std::string command = line.value();
    std::ranges::replace(command, '\0', ' ');
    if (command.empty()) command = text::cat("[", field(status.value(), "Name:"), "]");
    const std::string ids = field(status.value(), "Uid:");
    table.add({user_of(record, ids.substr(0, ids.find('\t'))), text::cat(pid), field(status.value(), "PPid:"),
               field(status.value(), "State:").substr(0, 1), text::printable(text::trim(command))});
  }
  TRY(print(table.text()));
  return 0;
}

struct StatsFlags {
  bool no_stream = false;
  std::string format = "table";
};
constexpr Option kStatsRows[] = {
    options::row<&StatsFlags::no_stream>(0, "no-stream", nullptr, "print once, not every second"),
    options::row<&StatsFlags::format>(0, "format", "table|json",
                                      "form of the output; table if not given; json is one object a line"),
};

struct Sample {
  uint64_t cpu_ns = 0, memory = 0, limit = 0, pids = 0;
  int64_t at_ms = 0;
};

uint64_t number_at(const json::Node& root, std::initializer_list<std::string_view> path) {
  const json::Node* node = &root;
  for (const std::string_view name : path)
    if (node != nullptr) node = node->type == json::Type::kObject ? node->find(name) : nullptr;
  return node == nullptr ? 0 : text::number<uint64_t>(node->text).value_or(0);
}

Result<Sample> sample(const ContainerRecord& record) {
  const std::string text = TRY(call_runtime(record, {"events", "--stats", record.id}));
  const json::Document document = TRY(json::Document::parse(text));
  const json::Node* data = document.root().find("data");
  if (data == nullptr) return Error(Code::kInternal, "the runtime's statistics have no data");
  return Sample{number_at(*data, {"cpu", "usage", "total"}), number_at(*data, {"memory", "usage", "usage"}),
                number_at(*data, {"memory", "usage", "limit"}), number_at(*data, {"pids", "current"}),
                monotonic_ms()};
}

std::string percent(double value) {
  char text[32];
  ::snprintf(text, sizeof text, "%.2f%%", value);
  return text;
}

std::string cpu_share(const Sample& before, const Sample& now) {
  const int64_t ms = std::max<int64_t>(now.at_ms - before.at_ms, 1);
  const uint64_t used = now.cpu_ns > before.cpu_ns ? now.cpu_ns - before.cpu_ns : 0;
  return percent(static_cast<double>(used) / static_cast<double>(ms) / 10'000);
}

Result<int> stats(Invocation& in) {
  StatsFlags flags;
  const Strings operands = TRY(parse_operands(kStats, &flags, in, 0, SIZE_MAX));
  const Engine engine = TRY(open_containers(in));
  std::vector<ContainerRecord> records;
  for (const std::string& each : operands) records.push_back(TRY(running(engine, each)));
  for (ContainerRecord& each :
       operands.empty() ? TRY(engine.containers.list()) : std::vector<ContainerRecord>())
    if (running(engine, each.id).ok()) records.push_back(std::move(each));
  const uint64_t machine =
      static_cast<uint64_t>(::sysconf(_SC_PHYS_PAGES)) * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  std::vector<Sample> before(records.size());
  for (bool first = true;; first = false) {
    Table table({"CONTAINER ID", "NAME", "CPU %", "MEM USAGE / LIMIT", "MEM %", "PIDS"});
    std::string lines;
    for (size_t i = 0; i < records.size(); ++i) {
      const Result<Sample> got = sample(records[i]);
      if (!got.ok()) continue;  // it ended meanwhile
      const Sample& now = got.value();
      const uint64_t limit = now.limit == 0 ? machine : std::min(now.limit, machine);
      const std::string cpu = cpu_share(before[i], now);
      const std::string memory = text::cat(human_size(now.memory), " / ", human_size(limit));
      const std::string share = percent(100.0 * static_cast<double>(now.memory) / static_cast<double>(limit));
      table.add({records[i].short_id(), records[i].name, cpu, memory, share, text::cat(now.pids)});
      lines += text::cat("{\"ID\":\"", records[i].short_id(), "\",\"Name\":\"", records[i].name,
                         "\",\"CPUPerc\":\"", cpu, "\",\"MemUsage\":\"", memory, "\",\"MemPerc\":\"", share,
                         "\",\"PIDs\":\"", now.pids, "\"}\n");
      before[i] = now;
    }
    // A share needs two samples.
    if (!first) TRY(print(flags.format == "json" ? lines : table.text()));
    if (!first && flags.no_stream) return 0;
    TRY(sys::poll({}, flags.no_stream ? 200 : 1000));
  }
}

}  // namespace

const Command kTop = {"top", "CONTAINER", "list the processes of a container", {}, top};
const Command kStats = {"stats", "[CONTAINER...]", "show what containers use: CPU, memory, processes",
                        kStatsRows, stats};

}  // namespace estiva::engine
