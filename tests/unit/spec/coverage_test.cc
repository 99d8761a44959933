// SPDX-License-Identifier: Apache-2.0
// No property of the specification without a row: compares the row tables with the lists in oci-spec/properties,
// and with the JSON schemas of the OCI project (Debian's golang-github-opencontainers-specs-dev) where installed.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "samples.h"
#include "spec/rows.h"

namespace estiva {
namespace {

using codec::Row;
using codec::Shape;
using Table = std::span<const Row> (*)();
using json::Document;
using json::Node;

constexpr const char* kSchemas = "/usr/share/gocode/src/github.com/opencontainers/runtime-spec/schema/";

struct Listed {
  std::string name;
  Table rows;
};
const Listed kDocuments[] = {
    {"config", codec::rows<spec::Spec>},
    {"state", codec::rows<spec::State>},
    {"process-state", codec::rows<spec::ContainerProcessState>},
    {"features", codec::rows<spec::Features>},
};

// Each row's pointer, with why it has no member.
void collect(std::span<const Row> rows, const std::string& prefix, std::map<std::string, unsigned>& found) {
  for (const Row& row : rows) {
    const std::string pointer = prefix + "/" + std::string(row.name);
    EXPECT_TRUE(found.emplace(pointer, row.member == nullptr ? row.flags : 0u).second)
        << pointer << " has two rows";
    if (row.member == nullptr || row.type->rows == nullptr) continue;
    collect(row.type->rows(), row.type->shape == Shape::kObject ? pointer : pointer + "/*", found);
  }
}

std::map<std::string, unsigned> rows_of(Table rows) {
  std::map<std::string, unsigned> found;
  collect(rows(), "", found);
  return found;
}

TEST(Coverage, RowsAndPropertyListsAreTheSame) {
  for (const auto& [name, table] : kDocuments) {
    const auto found = rows_of(table);
    std::set<std::string> listed;
    for (const auto& line : samples::table("properties/" + name + ".txt", ' ')) {
      const std::string note = line.size() > 1 ? line[1] : "";
      listed.insert(line[0]);
      const auto row = found.find(line[0]);
      if (row == found.end()) {
        ADD_FAILURE() << name << " " << line[0] << " has no row";
        continue;
      }
      EXPECT_EQ((row->second & codec::kOtherPlatform) != 0, note == "other-platform") << line[0];
      EXPECT_EQ((row->second & codec::kRemoved) != 0, note.starts_with("removed")) << line[0];
    }
    for (const auto& [pointer, flags] : found)
      EXPECT_TRUE(listed.contains(pointer)) << pointer << " is not listed";
  }
}

// Which pointers a document uses, elements and names of maps as *.
void used(const Node& node, std::span<const Row> rows, const std::string& prefix,
          std::set<std::string>& pointers) {
  for (const Node& member : node.children()) {
    for (const Row& row : rows) {
      if (row.name != member.key || row.member == nullptr) continue;
      const std::string pointer = prefix + "/" + std::string(row.name);
      pointers.insert(pointer);
      if (row.type->rows == nullptr) continue;
      if (row.type->shape == Shape::kObject) {
        used(member, row.type->rows(), pointer, pointers);
      } else {
        for (const Node& child : member.children()) used(child, row.type->rows(), pointer + "/*", pointers);
      }
    }
  }
}

TEST(Coverage, EverythingJsonUsesEveryProperty) {
  for (const auto& [name, table] : kDocuments) {
    const std::string text = samples::read(samples::directory() / "good" / name / "everything.json");
    const auto document = Document::parse(text);
    ASSERT_TRUE(document.ok()) << document.error().to_string();
    std::set<std::string> pointers;
    used(document.value().root(), table(), "", pointers);
    for (const auto& [pointer, flags] : rows_of(table)) {
      EXPECT_TRUE(flags != 0 || pointers.contains(pointer)) << name << "/everything.json lacks " << pointer;
    }
  }
}

// Walks a schema of the OCI project and names the properties of the document that it describes.
class SchemaWalk {
 public:
  std::set<std::string> properties;

  void walk(const std::string& file) { walk(load(file).root(), file, ""); }

 private:
  std::map<std::string, Document> documents_;

  const Document& load(const std::string& file) {
    const auto known = documents_.find(file);
    if (known != documents_.end()) return known->second;
    auto document = Document::parse(samples::read(kSchemas + file));
    EXPECT_TRUE(document.ok()) << file << ": " << document.error().to_string();
    return documents_.emplace(file, std::move(document).value()).first->second;
  }

  void follow(std::string_view reference, const std::string& from, const std::string& pointer) {
    const size_t hash = reference.find('#');
    const std::string file = hash == 0 ? from : std::string(reference.substr(0, hash));
    const Node* node = &load(file).root();
    for (const std::string& step : text::split(reference.substr(hash + 2), '/')) {
      node = node == nullptr ? nullptr : node->find(step);
    }
    if (node == nullptr) {
      ADD_FAILURE() << reference << " leads nowhere";
      return;
    }
    walk(*node, file, pointer);
  }

  void walk(const Node& node, const std::string& file, const std::string& pointer) {
    for (const Node& part : node.children()) {
      if (part.key == "$ref") follow(part.text, file, pointer);
      if (part.key == "allOf" || part.key == "anyOf") {
        for (const Node& alternative : part.children()) walk(alternative, file, pointer);
      }
      if (part.key == "items" || part.key == "additionalProperties") walk(part, file, pointer + "/*");
      if (part.key == "patternProperties") {
        for (const Node& pattern : part.children()) walk(pattern, file, pointer + "/*");
      }
      if (part.key != "properties") continue;
      for (const Node& property : part.children()) {
        const std::string name = pointer + "/" + std::string(property.key);
        properties.insert(name);
        const bool is_other_platform =
            pointer.empty() && (property.key == "solaris" || property.key == "windows" ||
                                property.key == "vm" || property.key == "zos" || property.key == "freebsd");
        if (!is_other_platform) walk(property, file, name);
      }
    }
  }
};

TEST(Coverage, SchemasOfTheOciProject) {
  if (!std::filesystem::exists(kSchemas)) {
    const char* strict = std::getenv("CI_STRICT");
    ASSERT_FALSE(strict != nullptr && std::string_view(strict) == "1") << kSchemas << " is missing";
    GTEST_SKIP() << kSchemas << " is missing: golang-github-opencontainers-specs-dev has it";
  }
  const struct {
    const char* file;
    Table rows;
    size_t least;  // what Debian 12's version has; fewer means that the walk went wrong
  } schemas[] = {{"config-schema.json", codec::rows<spec::Spec>, 200},
                 {"state-schema.json", codec::rows<spec::State>, 6}};
  for (const auto& schema : schemas) {
    SchemaWalk walk;
    walk.walk(schema.file);
    const auto found = rows_of(schema.rows);
    for (const std::string& property : walk.properties)
      EXPECT_TRUE(found.contains(property)) << property << " has no row";
    EXPECT_GE(walk.properties.size(), schema.least) << schema.file;
  }
}

}  // namespace
}  // namespace estiva
