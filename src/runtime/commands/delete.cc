// SPDX-License-Identifier: Apache-2.0
// estiva delete: removes a container; by force whatever is left of it.
#include "estiva/base/text.h"
#include "runtime/commands/command.h"
#include "runtime/commands/select.h"
#include "runtime/parent/remove.h"
#include "runtime/parent/status.h"

namespace estiva {

namespace {

struct DeleteOptions {
  bool force = false;
  bool regex = false;
};

constexpr Option kDeleteRows[] = {
    options::row<&DeleteOptions::force>(
        'f', "force", nullptr, "kill a running container first; one that does not exist is no error"),
    options::row<&DeleteOptions::regex>('r', "regex", nullptr,
                                        "ID is a regular expression: delete all containers whose id matches"),
};

// A created container may go: its program never ran. Engines rely on that (docs/adr).
Result<void> check_removable(const ContainerDir& dir, const Record& record) {
  const spec::Status status = TRY(find_status(dir, record));
  if (status == spec::Status::kStopped || status == spec::Status::kCreated) return {};
  return Error(Code::kState, text::cat("cannot delete container ", text::quote(record.id),
                                       " that is not stopped: ", spec::name(status)))
      .hint("delete --force kills it");
}

// Nothing, when only the directory was there and has been removed.
Result<std::optional<Record>> load_or_remove(const Store& store, const ContainerDir& dir, bool force,
                                             Log& log) {
  Result<Record> record = load(dir);
  if (record.ok()) return std::optional<Record>(std::move(record).value());
  const Code code = record.error().code();
  // Its record is the first thing that create writes: without one there is nothing else.
  const bool half_made = code == Code::kState, torn = code == Code::kInvalid;
  if (!force || (!half_made && !torn)) return std::move(record).error();
  if (torn) {
    log.warning(record.error().to_string());
    log.warning(text::cat("the record of container ", text::quote(dir.id),
                          " can't be read: its processes and cgroup, if any, remain"));
  }
  TRY(store.remove(dir));
  return std::optional<Record>();
}

Result<void> remove_one(const Store& store, const std::string& id, bool force, Log& log) {
  Result<ContainerDir> opened = store.open_locked(id, force);
  if (!opened.ok() && opened.error().code() == Code::kNotFound && force) return {};
  const ContainerDir dir = TRY(std::move(opened));
  const std::optional<Record> record = TRY(load_or_remove(store, dir, force, log));
  if (!record) return {};
  if (!force) TRY(check_removable(dir, *record));
  return remove_container(store, dir, *record, log);
}

Result<int> remove(Invocation& in) {
  DeleteOptions given;
  const std::string id = TRY(parse_operands(kDelete, &given, in, 1, 1))[0];
  const Store store = TRY(Store::open(in.global.root, false));
  const auto act = [&](const std::string& one) { return remove_one(store, one, given.force, in.log); };
  if (given.regex) return for_each_match(store, id, in.log, act);
  TRY(act(id));
  return 0;
}

}  // namespace

const Command kDelete = {"delete", "ID", "remove a container that has stopped", kDeleteRows, remove};

}  // namespace estiva
