// SPDX-License-Identifier: Apache-2.0
// cais ps: which containers there are.
#include <errno.h>

#include "engine/commands/container_filter.h"
#include "engine/commands/containers.h"
#include "engine/container/ports.h"
#include "engine/container/size.h"
#include "engine/container/status.h"
#include "engine/format.h"
#include "engine/network/endpoint.h"
#include "estiva/base/json.h"
#include "estiva/base/text.h"
#include "estiva/base/time.h"

namespace estiva::engine {

namespace {

struct PsFlags {
  bool all = false, quiet = false, no_trunc = false, latest = false, size = false;
  int64_t last = 0;
  std::string format = "table";
  Strings filter;
};

constexpr Option kPsRows[] = {
    options::row<&PsFlags::all>('a', "all", nullptr, "also list containers that do not run"),
    options::row<&PsFlags::quiet>('q', "quiet", nullptr, "print IDs only"),
    options::row<&PsFlags::no_trunc>(0, "no-trunc", nullptr, "do not shorten IDs and commands"),
    options::row<&PsFlags::latest>('l', "latest", nullptr, "only the newest container, running or not"),
    options::row<&PsFlags::last>('n', "last", "N", "only the N newest containers, running or not"),
    options::row<&PsFlags::size>('s', "size", nullptr,
                                 "show what their files take, without and with the image's"),
    options::row<&PsFlags::format>(0, "format", "table|json",
                                   "form of the output; table if not given; json is one object a line"),
    options::row<&PsFlags::filter>('f', "filter", "NAME=VALUE", kContainerFilterHelp),
};

constexpr size_t kCommandWidth = 20;
constexpr int64_t kSecond = 1'000'000'000;

bool runs(const Status& status) {
  return status.condition == Condition::kRunning || status.condition == Condition::kPaused;
}

Result<std::vector<Listed>> choose(const Engine& engine, const PsFlags& flags) {
  const ContainerFilter filter = TRY(ContainerFilter::parse(flags.filter));
  const size_t most = flags.latest ? 1 : flags.last > 0 ? static_cast<size_t>(flags.last) : SIZE_MAX;
  const bool all = flags.all || filter.is_about_the_end() || most != SIZE_MAX;
  std::vector<Listed> out;
  for (ContainerRecord& record : TRY(engine.containers.list())) {
    Listed each{std::move(record), {}};
    each.status = TRY(status_of(engine.containers, each.record));
    const bool shown = all || runs(each.status) || each.status.condition == Condition::kRestarting;
    if (shown && out.size() < most && filter.takes(each)) out.push_back(std::move(each));
  }
  return out;
}

std::string command_of(const ContainerRecord& record, bool whole) {
  std::string command = text::printable(text::join(record.args, " "));
  if (!whole && command.size() > kCommandWidth) command = command.substr(0, kCommandWidth - 1) + "…";
  return text::cat("\"", command, "\"");
}

// "12B (virtual 77MB)"; empty if nobody asks.
Result<std::string> size_shown(const Engine& engine, const ContainerRecord& record, const PsFlags& flags) {
  if (!flags.size || flags.quiet) return std::string();
  Result<ContainerSize> found = size_of(engine.containers, engine.store, record.id);
  if (!found.ok() && found.error().errnum() == ENOENT) return docker_size(0);  // it is being removed
  const ContainerSize size = TRY(std::move(found));
  if (size.with_image == 0) return docker_size(size.written);
  return text::cat(docker_size(size.written), " (virtual ", docker_size(size.with_image), ")");
}

std::string json_line(const Listed& each, const std::string& ports, const std::string& size) {
  const ContainerRecord& record = each.record;
  std::string out;
  json::Writer writer(out);
  const auto add = [&](std::string_view key, const std::string& value) {
    writer.key(key);
    writer.string(value);
  };
  Strings labels;
  for (const auto& [key, value] : record.labels) labels.push_back(text::cat(key, "=", value));
  writer.begin_object();
  add("ID", record.id);
  add("Image", record.image);
  add("Command", command_of(record, true));
  add("CreatedAt", utc_text(record.created_ns));
  add("RunningFor", ago(record.created_ns / kSecond));
  add("State", std::string(name_of(each.status.condition)));
  add("Status", describe(each.status));
  add("Ports", ports);
  add("Names", record.name);
  add("Labels", text::join(labels, ","));
  add("Size", size.empty() ? docker_size(0) : size);
  writer.end_object();
  return out + "\n";
}

Result<int> ps(Invocation& in) {
  PsFlags flags;
  TRY(parse_operands(kPs, &flags, in, 0, 0));
  const Engine engine = TRY(open_containers(in));
  Strings header = {"CONTAINER ID", "IMAGE", "COMMAND", "CREATED", "STATUS", "PORTS", "NAMES"};
  if (flags.size) header.emplace_back("SIZE");
  Table table(std::move(header));
  std::string lines;
  for (const Listed& each : TRY(choose(engine, flags))) {
    const ContainerRecord& record = each.record;
    const std::string ports =
        runs(each.status) ? shown_ports(record, places_now(engine.containers, record.id)) : "";
    const std::string size = TRY(size_shown(engine, record, flags));
    const std::string id = flags.no_trunc ? record.id : record.short_id();
    if (flags.quiet) {
      lines += id + "\n";
    } else if (flags.format == "json") {
      lines += json_line(each, ports, size);
    } else {
      const std::string created = human_duration((epoch_ns() - record.created_ns) / kSecond) + " ago";
      Strings row = {id,    record.image, command_of(record, flags.no_trunc), created, describe(each.status),
                     ports, record.name};
      if (flags.size) row.push_back(size);
      table.add(std::move(row));
    }
  }
  TRY(print(flags.quiet || flags.format == "json" ? lines : table.text()));
  return 0;
}

}  // namespace

const Command kPs = {"ps", "", "list containers", kPsRows, ps};

}  // namespace estiva::engine
