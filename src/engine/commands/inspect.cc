// SPDX-License-Identifier: Apache-2.0
// cais inspect, history: a container or an image in detail.
#include <algorithm>

#include "engine/commands/containers.h"
#include "engine/format.h"
#include "estiva/base/json.h"
#include "estiva/base/text.h"
#include "estiva/base/utf8.h"
#include "image/reference.h"

namespace estiva::engine {

namespace {

using image::Image;
using image::Store;

struct HistoryOptions {
  std::string format = "table";
  bool no_trunc = false;
};
constexpr Option kHistoryRows[] = {
    options::row<&HistoryOptions::format>(
        0, "format", "table|json", "form of the output; table if not given; json is one object a line"),
    options::row<&HistoryOptions::no_trunc>(0, "no-trunc", nullptr, "do not shorten commands"),
};

constexpr size_t kCommandWidth = 45;

// docker's members, as far as they mean something here, and the documents as they are.
Result<void> write_image(json::Writer& writer, const Store& store, const Image& image) {
  const image::ImageRecord& record = image.record;
  const auto add = [&](std::string_view key, const std::string& value) {
    writer.key(key);
    writer.string(value);
  };
  writer.begin_object();
  add("Id", record.config.to_string());
  add("Digest", record.manifest.digest.to_string());
  writer.key("RepoTags");
  writer.begin_array();
  for (const image::NameRecord& name : image.names)
    writer.string(TRY(image::Reference::parse(name.name)).familiar());
  writer.end_array();
  writer.key("RepoDigests");
  writer.begin_array();
  for (const image::NameRecord& name : image.names) {
    const image::Reference reference = TRY(image::Reference::parse(name.name));
    writer.string(text::cat(reference.familiar_name(), "@", name.target.to_string()));
  }
  writer.end_array();
  add("Created", record.created);
  writer.key("Size");
  writer.number(record.size);
  const std::string config = TRY(store.read_blob(record.config));
  const json::Document document = TRY(json::Document::parse(config));
  for (const char* key : {"architecture", "variant", "os", "author", "config", "rootfs", "history"}) {
    const json::Node* node = document.root().find(key);
    if (node == nullptr) continue;
    std::string name = key;
    name[0] = static_cast<char>(name[0] - 'a' + 'A');
    writer.key(name == "Rootfs" ? "RootFS" : name);
    writer.node(*node);
  }
  const std::string manifest = TRY(store.read_blob(record.manifest.digest));
  writer.key("Manifest");
  writer.node(TRY(json::Document::parse(manifest)).root());
  writer.end_object();
  return {};
}

Result<int> inspect(Invocation& in) {
  const std::vector<std::string> operands = TRY(parse_operands(kInspect, nullptr, in, 1, SIZE_MAX));
  const Store store = TRY(open_store(in));
  std::string out;
  json::Writer writer(out, true);
  writer.begin_array();
  const Engine engine = TRY(open_containers(in));
  for (const std::string& operand : operands) {
    const Result<ContainerRecord> container = engine.containers.find(operand);
    if (container.ok()) {
      TRY(write_container(writer, engine, container.value()));
    } else if (container.error().code() != Code::kNotFound) {
      return Error::from_parts(container.error().parts());
    } else {
      TRY(write_image(writer, store, TRY(store.find_image(operand))));
    }
  }
  writer.end_array();
  TRY(print(out + "\n"));
  return 0;
}

std::string shortened(std::string command, bool whole) {
  std::ranges::replace(command, '\t', ' ');
  std::ranges::replace(command, '\n', ' ');
  if (whole || command.size() <= kCommandWidth) return utf8::printable(command);
  return utf8::printable(command.substr(0, kCommandWidth - 3)) + "...";
}

struct Step {
  std::string created, command, comment;
  uint64_t size = 0;
};

// Newest first; entries without a layer have no size.
Result<std::vector<Step>> steps_of(const Store& store, const image::ImageConfig& config) {
  std::vector<Step> out;
  size_t layer = 0;
  for (const image::History& entry : config.history) {
    Step step{entry.created, entry.created_by, entry.comment};
    if (!entry.empty_layer && layer < config.rootfs.diff_ids.size()) {
      const auto record = TRY(store.find_layer(config.rootfs.diff_ids[layer++]));
      if (record) step.size = record->size;
    }
    out.push_back(std::move(step));
  }
  for (; layer < config.rootfs.diff_ids.size(); ++layer) {  // an image without a history
    const auto record = TRY(store.find_layer(config.rootfs.diff_ids[layer]));
    out.push_back({config.created, "", "", record ? record->size : 0});
  }
  std::ranges::reverse(out);
  return out;
}

std::string json_step(const Step& step, const std::string& id) {
  std::string out;
  json::Writer writer(out);
  const std::pair<const char*, const std::string*> members[] = {
      {"ID", &id}, {"CreatedAt", &step.created}, {"CreatedBy", &step.command}, {"Comment", &step.comment}};
  writer.begin_object();
  for (const auto& [key, value] : members) {
    writer.key(key);
    writer.string(*value);
  }
  writer.key("Size");
  writer.number(step.size);
  writer.end_object();
  return out + "\n";
}

Result<int> history(Invocation& in) {
  HistoryOptions given;
  const std::vector<std::string> operands = TRY(parse_operands(kHistory, &given, in, 1, 1));
  const Store store = TRY(open_store(in));
  const Image image = TRY(store.find_image(operands[0]));
  Table table({"IMAGE", "CREATED", "CREATED BY", "SIZE", "COMMENT"});
  std::string lines, id = image.record.config.short_hex();
  for (const Step& step : TRY(steps_of(store, TRY(store.config(image))))) {
    lines += json_step(step, id);
    table.add({id, ago(seconds_of(step.created)), shortened(step.command, given.no_trunc),
               human_size(step.size), utf8::printable(step.comment)});
    id = "<missing>";
  }
  TRY(print(given.format == "json" ? lines : table.text()));
  return 0;
}

}  // namespace

const Command kInspect = {"inspect",
                          "CONTAINER|IMAGE...",
                          "print all that is known about containers and images, as JSON",
                          {},
                          inspect};
const Command kHistory = {"history", "IMAGE", "list the steps that made an image", kHistoryRows, history};

}  // namespace estiva::engine
