// SPDX-License-Identifier: Apache-2.0
// Entries of an index, kept, replaced and added.
#include "image/formats/layout_index.h"

#include <algorithm>
#include <vector>

#include "estiva/base/json.h"

namespace estiva::image {

namespace {

struct Entry {
  Descriptor descriptor;
  const json::Node* node = nullptr;  // as it stands in the index; null: it is new
  bool loses_tag = false;
};

std::string_view annotation(const Descriptor& descriptor, const char* key) {
  const auto found = descriptor.annotations.find(key);
  return found == descriptor.annotations.end() ? std::string_view() : std::string_view(found->second);
}

bool gives_way(const Descriptor& there, const Descriptor& added) {
  const std::string_view tag = annotation(there, kRefName), name = annotation(there, kContainerdName);
  if (tag.empty() && name.empty()) return there.digest == added.digest;
  const std::string_view new_tag = annotation(added, kRefName), new_name = annotation(added, kContainerdName);
  if (tag.empty()) return name == new_name;
  return tag == new_tag && (name.empty() || new_name.empty() || name == new_name);
}

void add_entry(std::vector<Entry>& entries, const Descriptor& added) {
  const std::string_view tag = annotation(added, kRefName);
  const bool unnamed = tag.empty() && annotation(added, kContainerdName).empty();
  const auto same = [&](const Entry& entry) { return entry.descriptor.digest == added.digest; };
  if (unnamed && std::ranges::any_of(entries, same)) return;
  std::erase_if(entries, [&](const Entry& entry) { return gives_way(entry.descriptor, added); });
  for (Entry& entry : entries) {
    if (!tag.empty() && annotation(entry.descriptor, kRefName) == tag) {
      entry.descriptor.annotations.erase(kRefName);
      entry.loses_tag = true;
    }
  }
  entries.push_back({added});
}

// The members that count: of those with the same name, the last.
template <typename Write>
void write_members(json::Writer& writer, const json::Node& object, const Write& write) {
  writer.begin_object();
  for (const json::Node& member : object.children()) {
    if (object.find(member.key) == &member) write(member);
  }
  writer.end_object();
}

void write_member(json::Writer& writer, const json::Node& member) {
  writer.key(member.key);
  writer.node(member);
}

void write_entry(json::Writer& writer, const Entry& entry) {
  if (entry.node == nullptr) return writer.raw(codec::encode(entry.descriptor));
  write_members(writer, *entry.node, [&](const json::Node& member) {
    if (member.key != "annotations" || !entry.loses_tag) return write_member(writer, member);
    writer.key(member.key);
    write_members(writer, member, [&](const json::Node& one) {
      if (one.key != kRefName) write_member(writer, one);
    });
  });
}

void write_entries(json::Writer& writer, const std::vector<Entry>& entries) {
  writer.key("manifests");
  writer.begin_array();
  for (const Entry& entry : entries) write_entry(writer, entry);
  writer.end_array();
}

}  // namespace

Result<std::string> merge_index(std::string_view index, std::span<const Descriptor> added) {
  const std::string text =
      index.empty() ? codec::encode(Index{.schema_version = 2, .media_type = std::string(media::kOciIndex)})
                    : std::string(index);
  Index known = TRY(read_index(text));
  const json::Document document = TRY(json::Document::parse(text));
  const json::Node* manifests = document.root().find("manifests");
  std::vector<Entry> entries;
  for (Descriptor& each : known.manifests) entries.push_back({std::move(each)});
  if (manifests == nullptr) return Error::invalid("/manifests", "is missing");
  size_t i = 0;
  for (const json::Node& node : manifests->children()) entries[i++].node = &node;
  for (const Descriptor& each : added) add_entry(entries, each);
  std::string out;
  json::Writer writer(out);
  write_members(writer, document.root(), [&](const json::Node& member) {
    if (&member == manifests) return write_entries(writer, entries);
    write_member(writer, member);
  });
  return out;
}

}  // namespace estiva::image
