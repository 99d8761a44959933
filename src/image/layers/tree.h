// SPDX-License-Identifier: Apache-2.0
// Tree: the files of an image with all its layers merged (image-spec, layer.md), in memory. A path is a string here,
// never a walk through the host's file system, so nothing that a layer says can lead outside. A node is small and says
// where its record lies; a million of them fit in the memory that a pull may take, for the records themselves leave the
// process's memory soon after they were looked at.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "estiva/base/error.h"
#include "image/layers/entry_file.h"

namespace estiva::image {

class Tree {
 public:
  using Id = uint32_t;  // of a node, or of an inode
  static constexpr Id kNone = UINT32_MAX;
  static constexpr Id kRoot = 0;

  struct Node {
    Id parent, first_child, next;
    uint32_t name;  // in the arena
    Id inode;       // kNone: nothing of that name is there
  };
  struct Inode {
    uint32_t record;  // in the entries of `layer`; 0: a directory that no layer names, 0755 of root
    uint16_t layer;
    bool is_directory;
    uint32_t links;  // of other kinds than directories
  };

  Tree();
  // One more layer on top. The entries must outlive the tree. An error leaves the tree useless; it names entry and rule.
  Result<void> apply(const EntryFile& entries);

  size_t layers() const { return layers_.size(); }
  const EntryFile& layer(size_t index) const { return *layers_[index]; }
  const Node& node(Id id) const { return nodes_[id]; }
  const Inode& inode(Id id) const { return inodes_[id]; }
  size_t node_count() const { return nodes_.size(); }
  size_t inode_count() const { return inodes_.size(); }
  std::string_view name(Id node) const;
  std::string path(Id node) const;  // "/etc/passwd"; the root is "/"
  // Of the node; null for an implied directory.
  bool has_record(Id node) const { return inodes_[nodes_[node].inode].record != 0; }
  EntryView record(Id node) const { return record_of(nodes_[node].inode); }
  EntryView record_of(Id inode) const {
    const Inode& at = inodes_[inode];
    return record_at(at.layer, at.record);
  }
  // Frees the table by which names are found, where no layer follows. They are still found, in the time that it takes to
  // look at all of a directory.
  void forget_lookup() { hash_ = std::vector<Id>(); }
  // Live children by name, as bytes. Puts the list in that order for good, so that walking it again is free.
  void sort_children(Id node);
  // The first child that is there, and the next; kNone: no more.
  Id first_child(Id node) const { return live(nodes_[node].first_child); }
  Id next_sibling(Id node) const { return live(nodes_[node].next); }
  // kNone: nothing of that name is there.
  Id child_of(Id parent, std::string_view name) const {
    const Id id = child(parent, name);
    return id == kNone || nodes_[id].inode == kNone ? kNone : id;
  }
  // What the layer that was applied last did, for unpacking: nodes that it set (in tar order), and what it hid.
  struct Changes {
    std::vector<Id> set;
    std::vector<Id> hidden;  // what a lower layer had there must not be seen
    std::vector<Id> opaque;  // directories whose lower children went
  };
  // Filled by apply, if given before.
  void record_changes(Changes* changes) { changes_ = changes; }
  // As a program in the container would find it: links are followed, at most 40, and lead nowhere else than below the
  // root. kNone: nothing is there.
  Id find(std::string_view path) const;

 private:
  // Positions of records: 64 KiB, about what the kernel maps around a page that is touched.
  static constexpr uint32_t kWindow = (64 << 10) / 8;
  static constexpr unsigned kWindows = 32;

  EntryView record_at(uint16_t layer, uint32_t position) const {
    const uint64_t window = uint64_t{layer} << 32 | position / kWindow;
    if (window != window_) move_window(window);
    return layers_[layer]->at(position);
  }
  void move_window(uint64_t window) const;
  void reserve(const EntryFile& layer);

  Id live(Id id) const;
  Id child(Id parent, std::string_view name) const;
  Id add_child(Id parent, std::string_view name);
  void hash_insert(Id id);
  void fill_hash(size_t slots);
  size_t hash_of(Id parent, std::string_view name) const;
  void kill(Id node);
  void kill_children(Id node);

  Result<Id> walk(std::vector<std::string_view> parts, int& links) const;
  Result<Id> step(Id at, Id next, std::vector<std::string_view>& todo, int& links) const;
  Result<Id> make_directories(std::vector<std::string_view> parts);
  Id place(Id parent, std::string_view name);
  Result<bool> add(uint32_t position, const EntryView& entry);
  Result<bool> add_link(const EntryView& entry, Id parent, std::string_view name);
  Result<void> hide(const EntryView& entry, std::vector<std::string_view> parts);
  void drop_inode(Id node);

  std::vector<const EntryFile*> layers_;
  std::vector<Node> nodes_;
  std::vector<Inode> inodes_;
  std::string names_;
  std::vector<Id> hash_;  // open addressing; kNone is empty. No slots: forgotten
  // The part of the records that was looked at last, and the layers of those since they were last let go.
  mutable uint64_t window_ = UINT64_MAX;
  mutable unsigned windows_ = 0;
  mutable std::array<uint16_t, kWindows> looked_at_;
  Changes* changes_ = nullptr;
  bool changes_own_ = false;  // a layer is being added: its own links and files are not walked through
};

// A path of an entry as its parts, "." left out. An error for "..", for names above 255 bytes and paths above 4096.
Result<std::vector<std::string_view>> split_path(std::string_view path);

}  // namespace estiva::image
