// SPDX-License-Identifier: Apache-2.0
// cais snap, rollback, undo: states of a container's files, kept and gone back to.
#include "engine/commands/containers.h"
#include "engine/container/status.h"
#include "engine/format.h"
#include "engine/run/snapshot.h"
#include "estiva/base/json.h"
#include "estiva/base/text.h"
#include "image/store/collect.h"

namespace estiva::engine {

namespace {

using image::BundleState;
using image::Snapshot;

struct SnapFlags {
  std::string format = "table";
};
constexpr Option kSnapRows[] = {
    options::row<&SnapFlags::format>(
        0, "format", "table|json",
        "form of the output of snap ls; table if not given; json is one object a line"),
};

struct RollbackFlags {
  bool force = false;
};
constexpr Option kRollbackRows[] = {
    options::row<&RollbackFlags::force>('f', "force", nullptr,
                                        "stop a running container first and start it again afterwards"),
};

constexpr std::string_view kList = "ls", kRemove = "rm", kNow = "(now)";

struct Listed {
  std::string name, below;
  int64_t created_ns = 0;
  uint64_t size = 0;
  bool automatic = false;
};

Result<std::vector<Listed>> list_of(const std::string& bundle, const BundleState& state) {
  const auto size_of = [&](const std::string& files) {
    return image::disk_usage(FdView::cwd(), text::cat(bundle, "/", image::bundle_place::kOwn, "/", files));
  };
  std::vector<Listed> out;
  for (const Snapshot& each : state.snapshots)
    if (!each.name.empty())
      out.push_back({each.name, image::name_of_snapshot(state, each.parent), each.created_ns,
                     TRY(size_of(each.files)), each.automatic});
  out.push_back(
      {std::string(kNow), image::name_of_snapshot(state, state.base), 0, TRY(size_of(state.upper))});
  return out;
}

std::string json_line(const Listed& each) {
  std::string out;
  json::Writer writer(out);
  writer.begin_object();
  writer.key("Name");
  writer.string(each.name);
  writer.key("StandsOn");
  writer.string(each.below);
  writer.key("CreatedAt");
  writer.string(utc_text(each.created_ns));
  writer.key("Size");
  writer.number(each.size);
  writer.key("Automatic");
  writer.boolean(each.automatic);
  writer.end_object();
  return out + "\n";
}

Result<int> list_snapshots(const Engine& engine, const std::string& operand, const SnapFlags& flags) {
  const ContainerRecord record = TRY(engine.containers.find(operand));
  const std::string bundle = engine.containers.bundle(record.id);
  Table table({"NAME", "STANDS ON", "CREATED", "SIZE"});
  std::string lines;
  for (const Listed& each : TRY(list_of(bundle, TRY(image::read_bundle(bundle))))) {
    const bool now = each.name == kNow;
    table.add(
        {each.name, each.below, now ? "" : ago(each.created_ns / 1'000'000'000), human_size(each.size)});
    if (!now) lines += json_line(each);
  }
  TRY(print(flags.format == "json" ? lines : table.text()));
  return 0;
}

Result<int> remove_snapshots(Invocation& in, const Engine& engine, const Strings& operands) {
  const ContainerRecord record = TRY(engine.containers.find(operands[1]));
  for (size_t i = 2; i < operands.size(); ++i) {
    if (TRY(remove_snapshot(engine, record.id, operands[i])))
      in.log.warning(
          text::cat(operands[i], ": the name is gone, its files stay for as long as others stand on them"));
    TRY(print(operands[i] + "\n"));
  }
  return 0;
}

Result<int> take(const Engine& engine, const Strings& operands) {
  const ContainerRecord record = TRY(engine.containers.find(operands[0]));
  const std::string name = TRY(take_snapshot(engine, record.id, operands.size() < 2 ? "" : operands[1]));
  TRY(print(name + "\n"));
  return 0;
}

Result<int> snap(Invocation& in) {
  SnapFlags flags;
  const Strings operands = TRY(parse_operands(kSnap, &flags, in, 1, SIZE_MAX));
  const Engine engine = TRY(open_containers(in));
  const bool lists = operands[0] == kList, removes = operands[0] == kRemove;
  // A container may have such a name.
  const bool is_verb = (lists || removes) && !engine.containers.find(operands[0]).ok();
  const size_t least = !is_verb ? 1 : lists ? 2 : 3, most = removes && is_verb ? SIZE_MAX : 2;
  if (operands.size() < least || operands.size() > most)
    return Error(Code::kInvalid,
                 text::cat("snap: ", operands.size() < least ? "an operand is missing" : "too many operands"))
        .hint(text::cat("usage: ", usage(in.program, kSnap)));
  if (!is_verb) return take(engine, operands);
  return lists ? list_snapshots(engine, operands[1], flags) : remove_snapshots(in, engine, operands);
}

Result<int> go(Invocation& in, const std::string& operand, const BackRequest& request) {
  const Engine engine = TRY(open_containers(in));
  const ContainerRecord record = TRY(engine.containers.find(operand));
  const BackResult back = TRY(go_back(engine, record.id, request));
  if (!back.note.empty()) in.log.warning(text::cat(record.name, ": ", back.note));
  TRY(print(back.done.to + "\n"));
  if (back.done.kept.empty()) return 0;
  TRY(sys::write_all(FdView::of_number(2),
                     text::cat("What there was before is kept as snapshot ", back.done.kept, "; cais undo ",
                               record.name, " goes back to it.\n")));
  return 0;
}

Result<int> rollback(Invocation& in) {
  RollbackFlags flags;
  const Strings operands = TRY(parse_operands(kRollback, &flags, in, 1, 2));
  return go(
      in, operands[0],
      {.where = Back::kToSnapshot, .name = operands.size() < 2 ? "" : operands[1], .force = flags.force});
}

Result<int> undo(Invocation& in) {
  RollbackFlags flags;
  const Strings operands = TRY(parse_operands(kUndo, &flags, in, 1, 1));
  return go(in, operands[0], {.where = Back::kBeforeRollback, .name = {}, .force = flags.force});
}

}  // namespace

static constexpr const char* kSnapExamples =
    "  cais snap web before\n"
    "  cais snap ls web\n"
    "  cais rollback --force web before\n"
    "  cais snap rm web before\n";
const Command kSnap = {"snap",
                       "ls|rm|CONTAINER [CONTAINER|SNAPSHOT] [SNAPSHOT...]",
                       "keep a container's files as they are now; list and remove snapshots",
                       kSnapRows,
                       snap,
                       false,
                       kSnapExamples};
const Command kRollback = {"rollback", "CONTAINER [SNAPSHOT]", "put a container's files back to a snapshot",
                           kRollbackRows, rollback};
const Command kUndo = {"undo", "CONTAINER", "take back the last rollback", kRollbackRows, undo};

}  // namespace estiva::engine
