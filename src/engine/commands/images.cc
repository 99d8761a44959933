// SPDX-License-Identifier: Apache-2.0
// cais images, info, df: what is there, for people and as JSON lines.
#include "engine/commands/command.h"
#include "engine/container/size.h"
#include "engine/container/status.h"
#include "engine/format.h"
#include "estiva/base/json.h"
#include "estiva/base/sys.h"
#include "estiva/base/text.h"
#include "image/mount/rootfs.h"
#include "image/reference.h"
#include "image/store/collect.h"

namespace estiva::engine {

namespace {

using image::Image;
using image::Reference;

struct ListOptions {
  std::string format = "table";
  bool quiet = false;
  bool no_trunc = false;
};

constexpr Option kListRows[] = {
    options::row<&ListOptions::format>(0, "format", "table|json",
                                       "form of the output; table if not given; json is one object a line"),
    options::row<&ListOptions::no_trunc>(0, "no-trunc", nullptr, "do not shorten IDs"),
    options::row<&ListOptions::quiet>('q', "quiet", nullptr, "print IDs only"),
};

struct FormatOptions {
  std::string format = "table";
};
constexpr Option kFormatRows[] = {
    options::row<&FormatOptions::format>(0, "format", "table|json", "form of the output; table if not given"),
};

// One line for each name; one for an image without names.
struct Row {
  std::string repository = "<none>", tag = "<none>";
  const Image* image;
};

Result<std::vector<Row>> rows_of(const std::vector<Image>& images, const std::string& wanted) {
  std::vector<Row> out;
  for (const Image& each : images) {
    if (each.names.empty() && wanted.empty()) out.push_back({.image = &each});
    for (const image::NameRecord& name : each.names) {
      const Reference reference = TRY(Reference::parse(name.name));
      if (!wanted.empty() && wanted != reference.familiar_name() && wanted != reference.familiar() &&
          wanted != reference.full())
        continue;
      out.push_back({reference.familiar_name(), reference.tag.empty() ? "<none>" : reference.tag, &each});
    }
  }
  return out;
}

std::string json_row(const Row& row) {
  std::string out;
  json::Writer writer(out);
  const auto add = [&](std::string_view key, const std::string& value) {
    writer.key(key);
    writer.string(value);
  };
  writer.begin_object();
  add("Repository", row.repository);
  add("Tag", row.tag);
  add("ID", row.image->record.config.to_string());
  add("Digest", row.image->record.manifest.digest.to_string());
  add("CreatedAt", row.image->record.created);
  writer.key("Size");
  writer.number(row.image->record.size);
  writer.end_object();
  return out + "\n";
}

Result<int> images(Invocation& in) {
  ListOptions given;
  const std::vector<std::string> operands = TRY(parse_operands(kImages, &given, in, 0, 1));
  const image::Store store = TRY(open_store(in));
  const std::vector<Image> all = TRY(store.images());
  Table table({"REPOSITORY", "TAG", "IMAGE ID", "CREATED", "VIRTUAL SIZE"});
  std::string lines;
  for (const Row& row : TRY(rows_of(all, operands.empty() ? "" : operands[0]))) {
    const image::ImageRecord& record = row.image->record;
    const std::string id = given.no_trunc ? record.config.to_string() : record.config.short_hex();
    if (given.quiet) {
      lines += id + "\n";
    } else if (given.format == "json") {
      lines += json_row(row);
    } else {
      table.add({row.repository, row.tag, id, ago(seconds_of(record.created)), human_size(record.size)});
    }
  }
  TRY(print(given.quiet || given.format == "json" ? lines : table.text()));
  return 0;
}

Result<int> info(Invocation& in) {
  TRY(parse_operands(kInfo, nullptr, in, 0, 0));
  const image::Store store = TRY(open_store(in));
  const image::Tier chosen = TRY(tier(in, store));
  const image::Platform host = image::host_platform();
  TRY(print(text::cat("root:      ", store.root(), "\nrun root:  ", store.run_root(),
                      "\nimages:    ", TRY(store.images()).size(), "\nplatform:  ", host.os, "/",
                      host.architecture, "\nstorage:   ", image::name_of(chosen),
                      chosen == image::Tier::kIndex
                          ? " (tier 1: the layers' tars, mounted through an EROFS index)"
                          : " (tier 4: unpacked directories)",
                      "\n")));
  return 0;
}

struct Usage {
  const char* name;
  size_t count = 0;
  uint64_t size = 0;
};

Result<Usage> usage_of(const image::Store& store, const char* name, const char* place) {
  Usage out{name};
  out.size = TRY(image::disk_usage(store.dir(), place));
  out.count = TRY(store.objects(place)).size();
  return out;
}

// Of all, and of those that `container prune` would remove.
Result<std::pair<Usage, Usage>> usage_of_containers(const Containers& containers) {
  Usage all{"Containers"}, ended{"Stopped containers"};
  for (const ContainerRecord& record : TRY(containers.list())) {
    const Condition condition = TRY(condition_of(containers, record));
    const uint64_t bytes = disk_space_of(containers, record.id);
    all.count += 1;
    all.size += bytes;
    if (condition != Condition::kCreated && condition != Condition::kExited) continue;
    ended.count += 1;
    ended.size += bytes;
  }
  return std::pair(all, ended);
}

Result<int> df(Invocation& in) {
  FormatOptions given;
  TRY(parse_operands(kDf, &given, in, 0, 0));
  const image::Store store = TRY(open_store(in));
  const image::Collected unused = TRY(image::collect(store, {.dry = true, .downloads = true}));
  Table table({"TYPE", "COUNT", "SIZE"});
  std::string out;
  json::Writer writer(out);
  writer.begin_object();
  const auto add = [&](const Usage& usage) {
    table.add({usage.name, text::cat(usage.count), human_size(usage.size)});
    writer.key(usage.name);
    writer.number(usage.size);
  };
  add(TRY(usage_of(store, "Layers", image::place::kLayers)));
  add(TRY(usage_of(store, "Indexes", image::place::kIndexes)));
  add(TRY(usage_of(store, "Unpacked", image::place::kUnpacked)));
  add(TRY(usage_of(store, "Documents", image::place::kBlobs)));
  const auto [containers, ended] = TRY(usage_of_containers(Containers(store.root(), store.run_root())));
  add(containers);
  add(ended);
  add({"Reclaimable", unused.layers.size() + unused.files, unused.bytes});
  writer.end_object();
  TRY(print(given.format == "json" ? out + "\n" : table.text()));
  return 0;
}

}  // namespace

const Command kImages = {"images", "[IMAGE]", "list images", kListRows, images};
const Command kInfo = {
    "info", "", "show where things are kept and how images become directories here", {}, info};
const Command kDf = {"df", "", "show what uses disk space", kFormatRows, df};

}  // namespace estiva::engine
