// SPDX-License-Identifier: Apache-2.0
// The tree's nodes: names, lookup by hash, removal, order. What layers do to it is in apply.cc.
#include "image/layers/tree.h"

#include <algorithm>

#include "estiva/base/text.h"

namespace estiva::image {

Tree::Tree() {
  nodes_.push_back({kRoot, kNone, kNone, 0, 0});
  inodes_.push_back({0, 0, true, 1});
  names_ += '\0';
  hash_.assign(64, kNone);
}

void Tree::move_window(uint64_t window) const {
  if (windows_ == kWindows) {
    for (const uint16_t layer : looked_at_) layers_[layer]->forget();
    windows_ = 0;
  }
  window_ = window;
  looked_at_[windows_++] = static_cast<uint16_t>(window >> 32);
}

// Room for one more layer, at once: what grows by doubling is held twice meanwhile. An eighth more is for directories that
// no entry names; small layers share a growth. Room that is not used takes no memory.
void Tree::reserve(const EntryFile& layer) {
  const uint64_t entries = layer.count() + layer.count() / 8;
  const auto grow = [&](auto& list, uint64_t more) {
    if (list.capacity() - list.size() < more) list.reserve(list.size() + list.size() / 4 + more);
  };
  grow(nodes_, entries);
  grow(inodes_, entries);
  grow(names_, std::min(entries + layer.text_size(), entries * 32));  // long names share a growth
  size_t slots = std::max<size_t>(hash_.size(), 64);
  while ((nodes_.size() + entries) * 3 > slots * 2) slots *= 2;
  if (slots > hash_.size()) fill_hash(slots);
}

std::string_view Tree::name(Id node) const {
  const char* at = names_.data() + nodes_[node].name;
  return {at + 1, static_cast<unsigned char>(*at)};
}

std::string Tree::path(Id node) const {
  std::vector<Id> way;
  for (; node != kRoot; node = nodes_[node].parent) way.push_back(node);
  std::string out;
  for (auto id = way.rbegin(); id != way.rend(); ++id) out += text::cat("/", name(*id));
  return out.empty() ? "/" : out;
}

Tree::Id Tree::live(Id id) const {
  while (id != kNone && nodes_[id].inode == kNone) id = nodes_[id].next;
  return id;
}

// FNV-1a.
size_t Tree::hash_of(Id parent, std::string_view name) const {
  uint64_t hash = 14695981039346656037u ^ parent;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  return static_cast<size_t>(hash ^ (hash >> 32)) & (hash_.size() - 1);
}

void Tree::hash_insert(Id id) {
  size_t slot = hash_of(nodes_[id].parent, name(id));
  while (hash_[slot] != kNone) slot = (slot + 1) & (hash_.size() - 1);
  hash_[slot] = id;
}

void Tree::fill_hash(size_t slots) {
  hash_ = std::vector<Id>();
  hash_.assign(slots, kNone);
  for (Id each = 1; each < nodes_.size(); ++each) hash_insert(each);
}

// Also one that is not there (any more); kNone if the name never was.
Tree::Id Tree::child(Id parent, std::string_view wanted) const {
  if (hash_.empty()) {
    Id id = nodes_[parent].first_child;
    while (id != kNone && name(id) != wanted) id = nodes_[id].next;
    return id;
  }
  for (size_t slot = hash_of(parent, wanted); hash_[slot] != kNone; slot = (slot + 1) & (hash_.size() - 1)) {
    const Id id = hash_[slot];
    if (nodes_[id].parent == parent && name(id) == wanted) return id;
  }
  return kNone;
}

Tree::Id Tree::add_child(Id parent, std::string_view wanted) {
  const Id id = static_cast<Id>(nodes_.size());
  nodes_.push_back({parent, kNone, nodes_[parent].first_child, static_cast<uint32_t>(names_.size()), kNone});
  nodes_[parent].first_child = id;
  names_ += static_cast<char>(wanted.size());
  names_ += wanted;
  if (nodes_.size() * 3 > hash_.size() * 2) {
    fill_hash(hash_.size() * 2);
  } else {
    hash_insert(id);
  }
  return id;
}

void Tree::drop_inode(Id node) {
  if (nodes_[node].inode == kNone) return;
  --inodes_[nodes_[node].inode].links;
  nodes_[node].inode = kNone;
}

// With everything below it; depth is bounded by the length of paths.
void Tree::kill(Id node) {
  kill_children(node);
  drop_inode(node);
}

void Tree::kill_children(Id node) {
  for (Id each = nodes_[node].first_child; each != kNone; each = nodes_[each].next) {
    if (nodes_[each].inode != kNone) kill(each);
  }
}

void Tree::sort_children(Id node) {
  std::vector<Id> children;
  size_t count = 0;
  for (Id each = first_child(node); each != kNone; each = next_sibling(each)) ++count;
  children.reserve(count);
  for (Id each = first_child(node); each != kNone; each = next_sibling(each)) children.push_back(each);
  std::ranges::sort(children, [&](Id a, Id b) { return name(a) < name(b); });
  Id next = kNone;
  for (auto each = children.rbegin(); each != children.rend(); ++each) {
    nodes_[*each].next = next;
    next = *each;
  }
  nodes_[node].first_child = next;
}

}  // namespace estiva::image
