// SPDX-License-Identifier: Apache-2.0
// One layer on top of a tree, by the rules of image-spec's layer.md. Whiteouts go first: they hide what lower layers
// have, wherever they stand in the archive. Entries follow in their order; hard links whose target comes later go last.
#include <algorithm>

#include "estiva/base/text.h"
#include "image/layers/tree.h"

namespace estiva::image {

namespace {

constexpr int kMaxLinks = 40;  // as the kernel's MAXSYMLINKS
constexpr size_t kMaxPath = 4096, kMaxName = 255;
constexpr std::string_view kWhiteout = ".wh.", kReserved = ".wh..wh.", kOpaque = ".wh..wh..opq";

Error wrong(std::string_view rule) { return Error(Code::kInvalid, std::string(rule)); }

Error blame(const EntryView& entry, Error error) {
  return std::move(error).object(text::cat("layer entry ", text::quote(entry.path())));
}

// aufs kept its own files in layers of 2015; they are nobody's.
bool is_reserved(const std::vector<std::string_view>& parts) {
  return std::ranges::any_of(
      parts, [](std::string_view part) { return part.starts_with(kReserved) && part != kOpaque; });
}

// The last part's prefix makes a whiteout; in front of others it has no meaning.
Result<bool> is_whiteout(const std::vector<std::string_view>& parts) {
  for (size_t i = 0; i + 1 < parts.size(); ++i) {
    if (parts[i].starts_with(kWhiteout)) return wrong("a directory's name begins with .wh.");
  }
  return !parts.empty() && parts.back().starts_with(kWhiteout);
}

}  // namespace

Result<std::vector<std::string_view>> split_path(std::string_view path) {
  if (path.size() > kMaxPath) return wrong(text::cat("its path has more than ", kMaxPath, " bytes"));
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const size_t slash = std::min(path.find('/'), path.size());
    const std::string_view part = path.substr(0, slash);
    path.remove_prefix(std::min(slash + 1, path.size()));
    if (part.empty() || part == ".") continue;
    if (part == "..") return wrong("its path has \"..\"");
    if (part.size() > kMaxName)
      return wrong(text::cat("a name in its path has more than ", kMaxName, " bytes"));
    parts.push_back(part);
  }
  return parts;
}

// Over the node `next` below `at`, which is live. A link is replaced by its parts in `todo` (last first).
Result<Tree::Id> Tree::step(Id at, Id next, std::vector<std::string_view>& todo, int& links) const {
  const Inode& inode = inodes_[nodes_[next].inode];
  if (inode.is_directory) return next;
  const EntryView there = record(next);
  const bool own = inode.layer + size_t{1} == layers_.size() && changes_own_;
  if (!S_ISLNK(there.head().mode)) {
    if (own) return wrong(text::cat("it lies below ", text::quote(path(next)), ", which is no directory"));
    return kNone;
  }
  if (own)
    return wrong(
        text::cat("it passes through the symbolic link ", text::quote(path(next)), " of the same layer"));
  if (++links > kMaxLinks) return wrong("it passes through more than 40 symbolic links");
  const std::string_view target = there.link();
  std::vector<std::string_view> parts;
  for (size_t begin = 0; begin <= target.size();) {
    const size_t end = std::min(target.find('/', begin), target.size());
    const std::string_view part = target.substr(begin, end - begin);
    if (!part.empty() && part != ".") parts.push_back(part);
    begin = end + 1;
  }
  todo.insert(todo.end(), parts.rbegin(), parts.rend());
  return target.starts_with('/') ? kRoot : at;
}

// The directory that the parts lead to; kNone if there is none.
Result<Tree::Id> Tree::walk(std::vector<std::string_view> todo, int& links) const {
  std::ranges::reverse(todo);
  Id at = kRoot;
  while (!todo.empty()) {
    const std::string_view part = todo.back();
    todo.pop_back();
    if (part == "..") {
      at = nodes_[at].parent;
      continue;
    }
    const Id next = child(at, part);
    if (next == kNone || nodes_[next].inode == kNone) return kNone;
    at = TRY(step(at, next, todo, links));
    if (at == kNone) return kNone;
  }
  return at;
}

// The same, but what is missing, or is a file of a lower layer, becomes a directory.
Result<Tree::Id> Tree::make_directories(std::vector<std::string_view> todo) {
  std::ranges::reverse(todo);
  Id at = kRoot;
  int links = 0;
  while (!todo.empty()) {
    const std::string_view part = todo.back();
    todo.pop_back();
    if (part == "..") {
      at = nodes_[at].parent;
      continue;
    }
    const Id next = place(at, part);
    Id there = nodes_[next].inode == kNone ? kNone : TRY(step(at, next, todo, links));
    if (there == kNone) {
      kill(next);
      nodes_[next].inode = static_cast<Id>(inodes_.size());
      inodes_.push_back({0, static_cast<uint16_t>(layers_.size() - 1), true, 1});
      there = next;
    }
    at = there;
  }
  return at;
}

Tree::Id Tree::place(Id parent, std::string_view name) {
  const Id there = child(parent, name);
  return there != kNone ? there : add_child(parent, name);
}

Result<void> Tree::hide(const EntryView& entry, std::vector<std::string_view> parts) {
  const std::string_view last = parts.back();
  parts.pop_back();
  const std::string_view hidden = last.substr(kWhiteout.size());
  if (hidden.empty() || hidden == "." || hidden == "..") return wrong("a whiteout names no file");
  if (last != kOpaque && entry.is_directory()) return wrong("a whiteout is a directory");
  int links = 0;
  const Id parent = TRY(walk(std::move(parts), links));
  if (parent == kNone) return {};
  if (last == kOpaque) {
    kill_children(parent);
    if (changes_ != nullptr) changes_->opaque.push_back(parent);
    return {};
  }
  const Id node = child(parent, hidden);
  if (node == kNone || nodes_[node].inode == kNone) return {};
  if (changes_ != nullptr) changes_->hidden.push_back(node);
  kill(node);
  return {};
}

// False: the target is not there (yet).
Result<bool> Tree::add_link(const EntryView& entry, Id parent, std::string_view name) {
  std::vector<std::string_view> parts = TRY(split_path(entry.link()));
  if (parts.empty()) return wrong("it is a hard link to the root");
  const std::string_view last = parts.back();
  parts.pop_back();
  int links = 0;
  const Id directory = TRY(walk(std::move(parts), links));
  const Id target = directory == kNone ? kNone : child(directory, last);
  if (target == kNone || nodes_[target].inode == kNone) return false;
  const Id inode = nodes_[target].inode;
  if (inodes_[inode].is_directory) return wrong("it is a hard link to a directory");
  const Id node = place(parent, name);
  if (node == target || nodes_[node].inode == inode) return true;
  if (changes_ != nullptr && nodes_[node].inode != kNone) changes_->hidden.push_back(node);
  kill(node);
  nodes_[node].inode = inode;
  ++inodes_[inode].links;
  if (changes_ != nullptr) changes_->set.push_back(node);
  return true;
}

// False: a hard link whose target is not there.
Result<bool> Tree::add(uint32_t position, const EntryView& entry) {
  std::vector<std::string_view> parts = TRY(split_path(entry.path()));
  if (is_reserved(parts) || TRY(is_whiteout(parts))) return true;
  if (parts.empty() && !entry.is_directory()) return wrong("it stands for the root and is no directory");
  std::string_view name;
  if (!parts.empty()) {
    name = parts.back();
    parts.pop_back();
  }
  const Id parent = TRY(make_directories(std::move(parts)));
  if (entry.is_hard_link()) return add_link(entry, parent, name);
  const Id node = name.empty() ? kRoot : place(parent, name);
  const bool was_directory = nodes_[node].inode != kNone && inodes_[nodes_[node].inode].is_directory;
  if (!(was_directory && entry.is_directory())) {
    if (was_directory && changes_ != nullptr) changes_->hidden.push_back(node);
    kill(node);
  } else {
    drop_inode(node);
  }
  nodes_[node].inode = static_cast<Id>(inodes_.size());
  inodes_.push_back({position, static_cast<uint16_t>(layers_.size() - 1), entry.is_directory(), 1});
  if (changes_ != nullptr) changes_->set.push_back(node);
  return true;
}

Result<void> Tree::apply(const EntryFile& entries) {
  if (layers_.size() >= UINT16_MAX) return wrong("the image has more than 65535 layers");
  changes_own_ = false;
  const auto layer = static_cast<uint16_t>(layers_.size());
  layers_.push_back(&entries);
  reserve(entries);
  const auto each = [&](const auto& act) -> Result<void> {
    for (uint32_t at = entries.first(); at != 0; at = entries.next(at)) {
      const EntryView entry = record_at(layer, at);
      Result<void> done = act(at, entry);
      if (!done.ok()) return blame(entry, std::move(done).error());
    }
    return {};
  };
  TRY(each([&](uint32_t, const EntryView& entry) -> Result<void> {
    std::vector<std::string_view> parts = TRY(split_path(entry.path()));
    if (is_reserved(parts) || !TRY(is_whiteout(parts))) return {};
    return hide(entry, std::move(parts));
  }));
  changes_own_ = true;
  std::vector<uint32_t> later;
  TRY(each([&](uint32_t position, const EntryView& entry) -> Result<void> {
    if (!TRY(add(position, entry))) later.push_back(position);
    return {};
  }));
  for (const uint32_t position : later) {
    const EntryView entry = record_at(layer, position);
    const Result<bool> added = add(position, entry);
    if (!added.ok()) return blame(entry, Error(Code::kInvalid, added.error().parts().message));
    if (!added.value())
      return blame(entry, wrong(text::cat("it is a hard link to ", text::quote(entry.link()),
                                          ", which is not there")));
  }
  changes_own_ = false;
  return {};
}

Tree::Id Tree::find(std::string_view path) const {
  std::vector<std::string_view> todo;
  for (size_t begin = 0; begin <= path.size();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    if (end > begin && path.substr(begin, end - begin) != ".")
      todo.push_back(path.substr(begin, end - begin));
    begin = end + 1;
  }
  std::ranges::reverse(todo);
  Id at = kRoot;
  int links = 0;
  while (!todo.empty()) {
    const std::string_view part = todo.back();
    todo.pop_back();
    const Id next = part == ".." ? nodes_[at].parent : child(at, part);
    if (next == kNone || nodes_[next].inode == kNone) return kNone;
    const bool link = !inodes_[nodes_[next].inode].is_directory && S_ISLNK(record(next).head().mode);
    if (todo.empty() && !link) return next;
    const Result<Id> there = step(at, next, todo, links);
    if (!there.ok() || there.value() == kNone) return kNone;
    at = there.value();
  }
  return at;
}

}  // namespace estiva::image
