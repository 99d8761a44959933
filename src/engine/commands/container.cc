// SPDX-License-Identifier: Apache-2.0
// cais container: prune, which removes those that do not run; and docker's longer names of other commands.
#include <algorithm>

#include "engine/commands/containers.h"
#include "engine/container/size.h"
#include "engine/container/status.h"
#include "engine/format.h"
#include "engine/run/remove.h"
#include "estiva/base/sys.h"
#include "estiva/base/text.h"

namespace estiva::engine {

namespace {

struct PruneFlags {
  bool force = false;
  Strings filter;
};
constexpr Option kContainerPruneRows[] = {
    options::row<&PruneFlags::force>('f', "force", nullptr, "do not ask first"),
    options::row<&PruneFlags::filter>(
        0, "filter", "NAME=VALUE",
        "only containers that match: until=TIME, label=KEY[=VALUE], label!=KEY[=VALUE]"),
};

Result<int> prune_containers(Invocation& in);
const Command kContainerPrune = {"container prune", "", "remove all containers that do not run",
                                 kContainerPruneRows, prune_containers};

struct Filter {
  int64_t until = INT64_MAX;  // seconds since the epoch
  Strings labels, other_labels;

  bool takes(const ContainerRecord& record) const {
    const auto has = [&](const std::string& label) { return has_label(record, label); };
    return record.created_ns / 1'000'000'000 < until && std::ranges::all_of(labels, has) &&
           std::ranges::none_of(other_labels, has);
  }
};

Result<Filter> parse_filter(const Strings& given) {
  Filter out;
  for (const std::string& each : given) {
    const size_t equals = each.find('=');
    const std::string key = each.substr(0, equals),
                      value = equals == each.npos ? "" : each.substr(equals + 1);
    if (value.empty())
      return Error(Code::kInvalid, text::cat("invalid argument ", text::quote(each)))
          .hint("a filter is NAME=VALUE");
    if (key == "until") {
      out.until = std::min(out.until, TRY(time_of(value)));
    } else if (key == "label") {
      out.labels.push_back(value);
    } else if (key == "label!") {
      out.other_labels.push_back(value);
    } else {
      return Error(Code::kInvalid, text::cat("invalid filter ", text::quote(key)))
          .hint("known are until, label and label!");
    }
  }
  return out;
}

// Only "y" is a yes; so is no input.
Result<bool> confirmed() {
  TRY(print("WARNING! This will remove all stopped containers.\nAre you sure you want to continue? [y/N] "));
  std::string answer;
  for (char c = 0; answer.size() < 64 && c != '\n';) {
    if (TRY(sys::read(FdView::of_number(0), &c, 1)) == 0) break;
    answer += c;
  }
  if (answer.empty()) TRY(print("\n"));
  return text::lower(text::trim(answer)) == "y";
}

Result<int> prune_containers(Invocation& in) {
  PruneFlags flags;
  TRY(parse_operands(kContainerPrune, &flags, in, 0, 0));
  const Filter filter = TRY(parse_filter(flags.filter));
  const Engine engine = TRY(open_containers(in));
  if (!flags.force && !TRY(confirmed())) return 0;
  uint64_t bytes = 0;
  std::string lines;
  int status = 0;
  for (const ContainerRecord& record : TRY(engine.containers.list())) {
    const Condition condition = TRY(condition_of(engine.containers, record));
    const bool stands = condition == Condition::kCreated || condition == Condition::kExited;
    if (!stands || !filter.takes(record)) continue;
    const uint64_t size = disk_space_of(engine.containers, record.id);
    const Result<void> removed = remove_container(engine, record.id, false);
    if (!removed.ok() && removed.error().code() == Code::kState) continue;  // it was started meanwhile
    if (removed.ok()) bytes += size;
    if (removed.ok()) lines += record.id + "\n";
    if (!removed.ok()) in.log.error(removed.error());
    if (!removed.ok()) status = 1;
  }
  if (!lines.empty()) TRY(print(text::cat("Deleted Containers:\n", lines, "\n")));
  TRY(print(text::cat("Total reclaimed space: ", human_size(bytes), "\n")));
  return status;
}

constexpr std::string_view kShared[] = {"attach", "commit",  "cp",   "create",  "diff",   "exec",
                                        "export", "inspect", "kill", "logs",    "pause",  "port",
                                        "ps",     "rename",  "rm",   "run",     "start",  "stats",
                                        "stop",   "restart", "top",  "unpause", "update", "wait"};

Result<int> container(Invocation& in) {
  if (in.arguments.empty())
    return Error(Code::kInvalid, "container: an operand is missing")
        .hint(text::cat("usage: ", usage(in.program, kContainer)));
  std::string verb = in.arguments[0];
  in.arguments.erase(in.arguments.begin());
  if (verb == "prune") return kContainerPrune.run(in);
  if (verb == "ls" || verb == "list") verb = "ps";
  if (std::ranges::find(kShared, verb) == std::end(kShared))
    return Error(Code::kInvalid, text::cat("unknown command ", text::quote(text::cat("container ", verb))))
        .hint(text::cat("usage: ", usage(in.program, kContainer)));
  return TRY(find_command(in.program, verb))->run(in);
}

}  // namespace

const Command kContainer = {
    "container",
    "prune|ls|rm|... [ARGUMENT...]",
    "remove all containers that do not run; or docker's longer names of other commands",
    {},
    container,
    true};

}  // namespace estiva::engine
