// SPDX-License-Identifier: Apache-2.0
// estiva list: the containers of this state root.
#include <algorithm>

#include "estiva/base/text.h"
#include "runtime/commands/command.h"
#include "runtime/parent/status.h"

namespace estiva {

namespace {

struct ListOptions {
  std::string format = "table";
  bool quiet = false;
};

constexpr Option kListRows[] = {
    options::row<&ListOptions::format>('f', "format", "table|json", "form of the output; table if not given"),
    options::row<&ListOptions::quiet>('q', "quiet", nullptr, "print ids only"),
};

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

[[gnu::cold]] Result<int> list(Invocation& in) {
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

const Command kList = {"list", "", "list containers", kListRows, list};

}  // namespace estiva
