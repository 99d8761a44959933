// SPDX-License-Identifier: Apache-2.0
// Docker's manifests of schema 1.
#include "image/registry/schema1.h"

#include <algorithm>
#include <optional>

#include "estiva/base/base64.h"
#include "estiva/base/text.h"

namespace estiva::image {

namespace {

constexpr size_t kMaxLayers = 1000;

// What the old document has for itself and the new one elsewhere, or not at all.
constexpr std::string_view kDropped[] = {"id",       "parent",    "Size",   "parent_id",
                                         "layer_id", "throwaway", "rootfs", "history"};

Result<const json::Node*> member(const json::Node& object, std::string_view name, json::Type type,
                                 std::string where) {
  const json::Node* node = object.type == json::Type::kObject ? object.find(name) : nullptr;
  if (node == nullptr) return Error::invalid(std::move(where), "is missing");
  if (node->type != type)
    return Error::invalid(std::move(where), text::cat("is ", json::describe(node->type), ", ",
                                                      json::describe(type), " is expected"));
  return node;
}

std::string text_member(const json::Node& object, std::string_view name) {
  const json::Node* node = object.find(name);
  return node == nullptr || node->type != json::Type::kString ? "" : std::string(node->text);
}

// What one signature says of the bytes that were signed: the first so many, and those that came behind them.
struct Protected {
  size_t length = 0;
  std::string tail;
  bool operator==(const Protected&) const = default;
};

Result<Protected> read_protected(const json::Node& signature, const std::string& where) {
  const json::Node* encoded =
      TRY(member(signature, "protected", json::Type::kString, text::cat(where, "/protected")));
  const std::optional<std::string> decoded = from_base64(encoded->text);
  if (!decoded) return Error::invalid(text::cat(where, "/protected"), "is not base64");
  const json::Document document =
      TRY(json::Document::parse(*decoded).context([&] { return text::cat(where, "/protected"); }));
  const json::Node* length = TRY(member(document.root(), "formatLength", json::Type::kNumber,
                                        text::cat(where, "/protected/formatLength")));
  const json::Node* tail = TRY(
      member(document.root(), "formatTail", json::Type::kString, text::cat(where, "/protected/formatTail")));
  const std::optional<std::string> bytes = from_base64(tail->text);
  const auto size = text::number<size_t>(length->text);
  if (!bytes || !size) return Error::invalid(text::cat(where, "/protected"), "has no valid length and tail");
  return Protected{*size, *bytes};
}

// The command of a layer as docker history shows it.
std::string command_of(const json::Node& entry) {
  const json::Node* container = entry.find("container_config");
  const json::Node* command =
      container == nullptr || container->type != json::Type::kObject ? nullptr : container->find("Cmd");
  if (command == nullptr || command->type != json::Type::kArray) return "";
  std::vector<std::string> words;
  for (const json::Node& word : command->children()) words.emplace_back(word.text);
  return text::join(words, " ");
}

Result<json::Document> parse_entry(const Schema1& old, size_t i) {
  const auto where = [&] { return text::cat("/history/", old.history.size() - 1 - i, "/v1Compatibility"); };
  json::Document document = TRY(json::Document::parse(old.history[i].json).context(where));
  if (document.root().type != json::Type::kObject) return Error::invalid(where(), "is not a JSON object");
  return document;
}

Result<std::vector<History>> history_of(const Schema1& old) {
  std::vector<History> history;
  for (size_t i = 0; i < old.history.size(); ++i) {
    const json::Document entry = TRY(parse_entry(old, i));
    history.push_back({text_member(entry.root(), "created"), command_of(entry.root()),
                       text_member(entry.root(), "author"), text_member(entry.root(), "comment"),
                       old.history[i].empty_layer});
  }
  return history;
}

}  // namespace

Result<std::string> schema1_payload(std::string_view text) {
  const json::Document document = TRY(json::Document::parse(text));
  const json::Node* signatures =
      document.root().type == json::Type::kObject ? document.root().find("signatures") : nullptr;
  if (signatures == nullptr) return std::string(text);
  if (signatures->type != json::Type::kArray || signatures->count() == 0)
    return Error::invalid("/signatures", "is not an array of signatures");
  std::optional<Protected> all;
  size_t i = 0;
  for (const json::Node& signature : signatures->children()) {
    Protected one = TRY(read_protected(signature, text::cat("/signatures/", i++)));
    if (all && !(one == *all)) return Error::invalid("/signatures", "disagree on what was signed");
    all = std::move(one);
  }
  if (all->length > text.size())
    return Error::invalid("/signatures/0/protected/formatLength", "is longer than the document");
  return text::cat(text.substr(0, all->length), all->tail);
}

Result<Schema1> read_schema1(std::string_view payload) {
  const json::Document document = TRY(json::Document::parse(payload));
  const json::Node& root = document.root();
  const json::Node* version = TRY(member(root, "schemaVersion", json::Type::kNumber, "/schemaVersion"));
  if (version->text != "1")
    return Error::invalid("/schemaVersion", text::cat("is ", version->text, ", not 1"));
  // As with CVE-2021-41190: what another reader takes for something else is refused.
  for (const char* name : {"config", "layers", "manifests"})
    if (root.find(name) != nullptr)
      return Error::invalid(text::cat("/", name), "does not belong into schema 1");
  const json::Node* layers = TRY(member(root, "fsLayers", json::Type::kArray, "/fsLayers"));
  const json::Node* history = TRY(member(root, "history", json::Type::kArray, "/history"));
  const size_t count = layers->count();
  if (count == 0 || count != history->count() || count > kMaxLayers)
    return Error::invalid("/fsLayers",
                          text::cat("has ", count, " layers for ", history->count(), " entries of history"));
  Schema1 old;
  old.architecture = text_member(root, "architecture");
  auto layer = layers->children().begin();
  size_t i = 0;
  for (const json::Node& entry : history->children()) {
    const std::string where = text::cat("/history/", i, "/v1Compatibility");
    const json::Node* json = TRY(member(entry, "v1Compatibility", json::Type::kString, where));
    old.history.push_back({std::string(json->text)});
    const json::Document parsed = TRY(json::Document::parse(json->text).context([&] { return where; }));
    if (parsed.root().type != json::Type::kObject) return Error::invalid(where, "is not a JSON object");
    const json::Node* throwaway = parsed.root().find("throwaway");
    old.history.back().empty_layer = throwaway != nullptr && throwaway->text == "true";
    const std::string sum_where = text::cat("/fsLayers/", i, "/blobSum");
    const json::Node* sum = TRY(member(*layer, "blobSum", json::Type::kString, sum_where));
    Digest digest = TRY(Digest::parse(sum->text).context([&] { return sum_where; }));
    if (!old.history.back().empty_layer) old.layers.push_back(std::move(digest));
    ++layer;
    ++i;
  }
  std::ranges::reverse(old.history);
  std::ranges::reverse(old.layers);
  return old;
}

Result<std::string> schema1_config(const Schema1& old, const std::vector<Digest>& diff_ids) {
  const json::Document newest = TRY(parse_entry(old, old.history.size() - 1));
  const std::vector<History> history = TRY(history_of(old));
  std::string text;
  json::Writer writer(text);
  writer.begin_object();
  for (const json::Node& node : newest.root().children()) {
    // The last of equal names is the one that counts.
    if (std::ranges::find(kDropped, node.key) != std::end(kDropped) || newest.root().find(node.key) != &node)
      continue;
    writer.key(node.key);
    writer.node(node);
  }
  for (const auto& [name, value] :
       {std::pair<std::string_view, std::string_view>{"architecture", old.architecture}, {"os", "linux"}}) {
    if (newest.root().find(name) != nullptr || value.empty()) continue;
    writer.key(name);
    writer.string(value);
  }
  writer.key("rootfs");
  codec::Codec<RootFs>::encode(writer, RootFs{"layers", diff_ids});
  writer.key("history");
  codec::Codec<std::vector<History>>::encode(writer, history);
  writer.end_object();
  return text;
}

std::string schema1_manifest(std::string_view config, const std::vector<Descriptor>& layers) {
  Manifest manifest;
  manifest.schema_version = 2;
  manifest.media_type = media::kDockerManifest;
  manifest.config.media_type = media::kDockerConfig;
  manifest.config.digest = digest_of(config);
  manifest.config.size = static_cast<int64_t>(config.size());
  manifest.layers = layers;
  return codec::encode(manifest);
}

}  // namespace estiva::image
