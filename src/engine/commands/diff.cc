// SPDX-License-Identifier: Apache-2.0
// cais diff: what a container changed, ours or that of a bundle, or how two images differ.
#include <algorithm>

#include "engine/commands/containers.h"
#include "engine/commands/diff_packages.h"
#include "engine/format.h"
#include "estiva/base/json.h"
#include "estiva/base/text.h"
#include "estiva/base/utf8.h"
#include "image/bundle/changes.h"
#include "image/changes/unified.h"
#include "image/formats/source.h"

namespace estiva::engine {

namespace {

using image::Change;
using image::ChangeKind;
using image::Comparison;
using image::Digest;
using image::Side;
using image::Store;

struct DiffOptions {
  bool by_package = false;
  bool content = false;
  bool json = false;
  bool size = false;
  std::string since;
};
constexpr Option kDiffRows[] = {
    options::row<&DiffOptions::by_package>(0, "by-package", nullptr,
                                           "group the changes by package (dpkg, pacman, apk)"),
    options::row<&DiffOptions::content>(0, "content", nullptr,
                                        "show the lines that differ too, as diff -u does"),
    options::row<&DiffOptions::json>(0, "json", nullptr, "print one JSON object a line"),
    options::row<&DiffOptions::since>(0, "since", "SNAPSHOT",
                                      "what was changed since this snapshot of the container"),
    options::row<&DiffOptions::size>(0, "size", nullptr, "show the sizes of files too"),
};

// Two sides, and what they stand on.
struct Opened {
  Comparison comparison;
  std::unique_ptr<image::View> before, after;
};

Result<std::unique_ptr<image::View>> view_of(const Store& store, std::span<const Digest> diff_ids) {
  return std::make_unique<image::View>(TRY(image::open_view(store, diff_ids)));
}

// A directory rather than an image: said by the path, or there is no such image.
bool means_bundle(const Store& store, const std::string& operand) {
  return image::is_place(operand) || (!store.find_image(operand).ok() && image::read_bundle(operand).ok());
}

// The image as its last step left it, beside what it was before.
Result<Opened> open_last_layer(const Store& store, const std::string& name) {
  const std::vector<Digest> all = TRY(store.find_image(name)).record.diff_ids;
  Opened out;
  out.before = TRY(view_of(store, std::span(all).first(all.empty() ? 0 : all.size() - 1)));
  out.after = TRY(view_of(store, all));
  out.comparison.before = Side::of_view(*out.before);
  out.comparison.after = Side::of_view(*out.after);
  return out;
}

Result<Opened> open_sides(const Store& store, const std::string& name, const std::string& other) {
  Opened out;
  out.before = TRY(view_of(store, TRY(store.find_image(other)).record.diff_ids));
  out.comparison.before = Side::of_view(*out.before);
  if (means_bundle(store, name)) {
    image::BundleChanges bundle = TRY(image::open_bundle(store, name));
    out.comparison.mount_points = std::move(bundle.comparison.mount_points);
    out.comparison.after = TRY(image::bundle_side(store, bundle.directory, bundle.state));
  } else {
    out.after = TRY(view_of(store, TRY(store.find_image(name)).record.diff_ids));
    out.comparison.after = Side::of_view(*out.after);
  }
  return out;
}

Opened opened_bundle(image::BundleChanges bundle) {
  return Opened{std::move(bundle.comparison), std::move(bundle.base), nullptr};
}

Result<Opened> open_operands(const Engine& engine, std::vector<std::string> operands,
                             const DiffOptions& given) {
  const Store& store = engine.store;
  const std::optional<ContainerRecord> container = TRY(named_container(engine, operands[0]));
  if (container) operands[0] = engine.containers.bundle(container->id);
  if (!given.since.empty()) {
    if (!container || operands.size() > 1)
      return Error(Code::kInvalid, "needs a container, and nothing else to compare with").object("--since");
    return opened_bundle(TRY(image::open_bundle_since(store, operands[0], given.since)));
  }
  if (operands.size() > 1) return open_sides(store, operands[0], operands[1]);
  if (!means_bundle(store, operands[0])) return open_last_layer(store, operands[0]);
  return opened_bundle(TRY(image::open_bundle(store, operands[0])));
}

struct Line {
  ChangeKind kind;
  std::string path;
  std::string_view type;
  uint64_t before = 0, after = 0;  // bytes of the file
  std::string content;             // how it differs
  std::string package;             // that it belongs to
};

std::string_view type_of(uint32_t mode) {
  struct Type {
    uint32_t mode;
    std::string_view name;
  };
  static constexpr Type kTypes[] = {{S_IFREG, "file"},   {S_IFDIR, "directory"}, {S_IFLNK, "symlink"},
                                    {S_IFCHR, "char"},   {S_IFBLK, "block"},     {S_IFIFO, "fifo"},
                                    {S_IFSOCK, "socket"}};
  const auto found = std::ranges::find(kTypes, mode & S_IFMT, &Type::mode);
  return found == std::end(kTypes) ? "" : found->name;
}

Line line_of(const Change& change) {
  Line line{.kind = change.kind, .path = change.path, .type = {}};
  line.type = type_of((change.after != nullptr ? change.after : change.before)->attributes.mode);
  if (change.before != nullptr) line.before = change.before->attributes.size;
  if (change.after != nullptr) line.after = change.after->attributes.size;
  return line;
}

std::string json_line(const Line& line) {
  std::string out;
  json::Writer writer(out);
  writer.begin_object();
  writer.key("kind");
  writer.string(std::string(1, static_cast<char>(line.kind)));
  writer.key("path");
  writer.string(line.path);
  writer.key("type");
  writer.string(line.type);
  writer.key("size");
  writer.number(line.after);
  writer.key("sizeBefore");
  writer.number(line.before);
  if (!line.package.empty()) {
    writer.key("package");
    writer.string(line.package);
  }
  if (!line.content.empty()) {
    writer.key("diff");
    writer.string(line.content);
  }
  writer.end_object();
  return out + "\n";
}

// "C +1.2 kB /etc/passwd": what the layer of it would have.
std::string sized_line(const Line& line) {
  std::string size = line.kind == ChangeKind::kDeleted ? "" : human_size(line.after);
  size.insert(0, 9 - std::min<size_t>(9, size.size()), ' ');
  return text::cat(static_cast<char>(line.kind), " ", size, " ", utf8::printable(line.path), "\n");
}

// A file on one side, as far as it is worth to compare it line by line.
constexpr uint64_t kLargestText = 1 << 20;  // bytes
Result<std::optional<std::string>> read_text(const Side& side, const image::Found* found) {
  if (found == nullptr) return std::optional(std::string());
  std::optional<std::string> text = TRY(side.read(*found, kLargestText));
  return text && image::is_text(*text) ? std::move(text) : std::nullopt;
}

Result<std::string> content_of(const Comparison& comparison, const Change& change) {
  const image::Found *before = change.before, *after = change.after;
  const auto is_file = [](const image::Found* found) {
    return found != nullptr && found->attributes.is_file();
  };
  if (!is_file(before) && !is_file(after)) return std::string();
  const std::optional<std::string> old =
                                       TRY(read_text(comparison.before, is_file(before) ? before : nullptr)),
                                   now = TRY(read_text(comparison.after, is_file(after) ? after : nullptr));
  if (!old || !now) return std::string("not compared line by line: no text, or a large one\n");
  const std::string path = utf8::printable(change.path);
  const std::string lines = image::unified_diff(*old, *now);
  if (lines.empty()) return std::string();
  return text::cat("--- ", is_file(before) ? path : "/dev/null", "\n+++ ",
                   is_file(after) ? path : "/dev/null", "\n", lines);
}

std::string text_of(const std::vector<Line>& lines, const DiffOptions& given) {
  std::string out;
  for (const Line& line : lines) {
    if (given.json) {
      out += json_line(line);
    } else if (given.size) {
      out += sized_line(line);
    } else {
      text::append(out, static_cast<char>(line.kind));
      out += text::cat(" ", utf8::printable(line.path), "\n");
    }
    if (!given.json) out += line.content;
  }
  return out;
}

// Directories that changed are so for what is in them.
std::string grouped(const PackagesOf& packages, const std::vector<Line>& lines) {
  std::vector<OwnedChange> changes;
  for (const Line& line : lines)
    if (line.type != "directory" || line.kind == ChangeKind::kDeleted)
      changes.push_back({static_cast<char>(line.kind), line.path, line.package});
  return by_package(packages, changes);
}

void set_packages(const PackagesOf& packages, std::vector<Line>& lines) {
  const auto before = image::owners_of(packages.before), after = image::owners_of(packages.after);
  for (Line& line : lines)
    line.package = image::owner_of(line.kind == ChangeKind::kDeleted ? before : after, line.path);
}

Result<int> diff(Invocation& in) {
  DiffOptions given;
  const std::vector<std::string> operands = TRY(parse_operands(kDiff, &given, in, 1, 2));
  if (given.by_package && !given.json && (given.content || given.size))
    return Error(Code::kInvalid, "goes with no other option but --json").object("--by-package");
  const Engine engine = TRY(open_containers(in));
  Opened opened = TRY(open_operands(engine, operands, given));
  opened.comparison.names_only = !given.size && !given.json && !given.content;
  std::vector<Line> lines;
  TRY(image::compare(opened.comparison, [&](const Change& change) -> Result<void> {
    lines.push_back(line_of(change));
    if (given.content) lines.back().content = TRY(content_of(opened.comparison, change));
    return {};
  }));
  if (!std::ranges::is_sorted(lines, {}, &Line::path)) std::ranges::sort(lines, {}, &Line::path);
  if (given.by_package) {
    const PackagesOf packages = TRY(packages_of(opened.comparison));
    set_packages(packages, lines);
    if (!given.json) {
      TRY(print(grouped(packages, lines)));
      return 0;
    }
  }
  TRY(print(text_of(lines, given)));
  return 0;
}

}  // namespace

static constexpr const char* kDiffExamples =
    "  cais diff web\n"
    "  cais diff --by-package web\n"
    "  cais diff debian:12 debian:11\n";
const Command kDiff = {"diff",
                       "CONTAINER|DIR|IMAGE [IMAGE]",
                       "list what was changed, added and deleted",
                       kDiffRows,
                       diff,
                       false,
                       kDiffExamples};

}  // namespace estiva::engine
