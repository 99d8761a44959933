// SPDX-License-Identifier: Apache-2.0
// estiva start, state, kill, delete and list: they work from the record alone.
#include <signal.h>

#include "estiva/base/json.h"
#include "estiva/base/sys_process.h"
#include "estiva/base/text.h"
#include "runtime/cgroup/manager.h"
#include "runtime/commands/command.h"
#include "runtime/parent/remove.h"
#include "runtime/parent/start.h"
#include "runtime/parent/status.h"
#include "runtime/plan/names.h"

namespace estiva {

namespace {

struct KillOptions {
  bool all = false;
};
struct DeleteOptions {
  bool force = false;
};
struct ListOptions {
  std::string format = "table";
  bool quiet = false;
};

constexpr Option kKillRows[] = {
    options::row<&KillOptions::all>('a', "all", nullptr, "send the signal to every process of the container"),
};
constexpr Option kDeleteRows[] = {
    options::row<&DeleteOptions::force>('f', "force", nullptr,
                                        "kill a container that runs; accept one that does not exist"),
};
constexpr Option kListRows[] = {
    options::row<&ListOptions::format>('f', "format", "table|json", "how"),
    options::row<&ListOptions::quiet>('q', "quiet", nullptr, "only the ids"),
};

Result<int> start(Invocation& in) {
  const std::string id = TRY(parse_operands(kStart, nullptr, in, 1, 1))
  [0];
  const Store store = TRY(Store::open(in.global.root, false));
  const StoredContainer found = TRY(load_container(store, id, Lock::kWait));
  sync::Channel init = TRY(open_start_gate(found.dir, found.record));
  TRY(start_container(store, found.dir, found.record, init, in.log));
  return 0;
}

Result<int> state(Invocation& in) {
  const std::string id = TRY(parse_operands(kState, nullptr, in, 1, 1))
  [0];
  const Store store = TRY(Store::open(in.global.root, false));
  const StoredContainer found = TRY(load_container(store, id, Lock::kNone));
  const spec::Status status = TRY(find_status(found.dir, found.record));
  TRY(print(spec::to_json(make_state(found.record, status), spec::Style::kPretty)));
  return 0;
}

// Engines take these words as "it has gone already".
Error not_running(const std::string& id) {
  return Error(Code::kState, text::cat("container not running: ", text::quote(id), " has stopped"));
}

Result<void> send(const Record& record, int signal, bool all) {
  const bool has_cgroup = !record.cgroup.path.empty();
  // The init's end takes the others along only in a pid namespace of its own.
  if (has_cgroup && (all || (signal == SIGKILL && !record.own_pid_namespace)))
    return cgroup::kill_all(record.cgroup, signal);
  if (signal == SIGKILL) return kill_container(record);
  Result<Fd> pidfd = sys::pidfd_open(record.pid);
  if (!pidfd.ok() || !init_alive(record)) return not_running(record.id);
  return sys::pidfd_send_signal(pidfd.value(), signal);
}

Result<int> kill(Invocation& in) {
  KillOptions given;
  const std::vector<std::string> operands = TRY(parse_operands(kKill, &given, in, 1, 2));
  const std::string name = operands.size() > 1 ? operands[1] : "TERM";
  const auto signal = names::signal(name);
  if (!signal) return Error(Code::kInvalid, text::cat("unknown signal ", text::quote(name)));
  const Store store = TRY(Store::open(in.global.root, false));
  const StoredContainer found = TRY(load_container(store, operands[0], Lock::kNone));
  const spec::Status status = TRY(find_status(found.dir, found.record));
  if (status == spec::Status::kStopped || status == spec::Status::kCreating) {
    if (!given.all) return not_running(found.record.id);
    if (!found.record.cgroup.path.empty()) TRY(cgroup::kill_all(found.record.cgroup, *signal));
    return 0;
  }
  TRY(send(found.record, *signal, given.all));
  return 0;
}

Result<int> remove_half_made(const Store& store, const ContainerDir& dir) {
  // Its record is the first thing that create writes: without one there is nothing else.
  TRY(store.remove(dir));
  return 0;
}

// A created container may go: its program never ran. Engines rely on that (docs/adr).
Result<void> check_removable(const ContainerDir& dir, const Record& record) {
  const spec::Status status = TRY(find_status(dir, record));
  if (status == spec::Status::kStopped || status == spec::Status::kCreated) return {};
  return Error(Code::kState, text::cat("cannot delete container ", text::quote(record.id),
                                       " that is not stopped: ", spec::name(status)))
      .hint("delete --force kills it");
}

Result<int> remove(Invocation& in) {
  DeleteOptions given;
  const std::string id = TRY(parse_operands(kDelete, &given, in, 1, 1))
  [0];
  const Store store = TRY(Store::open(in.global.root, false));
  Result<ContainerDir> opened = store.open_container(id);
  if (!opened.ok() && opened.error().code() == Code::kNotFound && given.force) return 0;
  const ContainerDir dir = TRY(std::move(opened));
  TRY(lock(dir, given.force));
  Result<Record> record = load(dir);
  if (!record.ok() && given.force && record.error().code() == Code::kState)
    return remove_half_made(store, dir);
  const Record& found = TRY(std::move(record));
  if (!given.force) TRY(check_removable(dir, found));
  TRY(remove_container(store, dir, found, in.log));
  return 0;
}

struct Row {
  Record record;
  spec::Status status;
};

void append_padded(std::string& line, std::string_view cell, size_t width) {
  line += cell;
  line.append(cell.size() < width ? width - cell.size() + 1 : 1, ' ');
}

std::string table(const std::vector<Row>& rows) {
  std::vector<std::vector<std::string>> cells = {{"ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"}};
  for (const Row& row : rows) {
    const spec::State s = make_state(row.record, row.status);
    cells.push_back({s.id, text::cat(s.pid.value_or(0)), std::string(spec::name(s.status)), s.bundle,
                     s.created, s.owner});
  }
  std::vector<size_t> widths(cells[0].size());
  for (const auto& line : cells) {
    for (size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], line[i].size() + 1);
  }
  std::string out;
  for (const auto& line : cells) {
    std::string text;
    for (size_t i = 0; i < line.size(); ++i) append_padded(text, line[i], widths[i]);
    out += text::cat(text.substr(0, text.find_last_not_of(' ') + 1), "\n");
  }
  return out;
}

std::string json_list(const std::vector<Row>& rows) {
  std::vector<std::string> states;
  states.reserve(rows.size());
  for (const Row& row : rows) states.push_back(spec::to_json(make_state(row.record, row.status)));
  return text::cat("[", text::join(states, ","), "]\n");
}

Result<int> list(Invocation& in) {
  ListOptions given;
  TRY(parse_operands(kList, &given, in, 0, 0));
  const Store store = TRY(Store::open(in.global.root, false));
  std::vector<Row> rows;
  for (const std::string& id : TRY(store.ids())) {
    // One that another command deletes at this moment, or that is half made, is not worth failing for.
    Result<StoredContainer> found = load_container(store, id, Lock::kNone);
    if (!found.ok()) continue;
    const Result<spec::Status> status = find_status(found.value().dir, found.value().record);
    if (status.ok()) rows.push_back({std::move(found).value().record, status.value()});
  }
  std::string ids;
  for (const Row& row : rows) ids += row.record.id + "\n";
  TRY(print(given.quiet ? ids : given.format == "json" ? json_list(rows) : table(rows)));
  return 0;
}

}  // namespace

const Command kStart = {"start", "ID", "start the program of a created container", {}, start};
const Command kState = {"state", "ID", "print the state of a container as JSON", {}, state};
const Command kKill = {"kill", "ID [SIGNAL]", "send a signal, TERM if none is named, to the container's init",
                       kKillRows, kill};
const Command kDelete = {"delete", "ID", "remove a container that has stopped", kDeleteRows, remove};
const Command kList = {"list", "", "list the containers of this state root", kListRows, list};

}  // namespace estiva
