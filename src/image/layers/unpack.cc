// SPDX-License-Identifier: Apache-2.0
// Directory by directory: what is in it first, its own attributes last, when nothing touches its time any more.
#include "image/layers/unpack.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <set>

#include "estiva/base/root_dir.h"
#include "estiva/base/sys_copy.h"
#include "estiva/base/sys_data.h"
#include "estiva/base/text.h"

namespace estiva::image {

namespace {

constexpr const char* kOpaque = "trusted.overlay.opaque";

class Unpacker {
 public:
  Unpacker(const Tree& tree, std::span<const LayerData> layers, RootDir root)
      : tree_(tree), layers_(layers), root_(std::move(root)), first_names_(tree.inode_count(), Tree::kNone) {}

  // Only these nodes, which include the directories above them.
  void restrict(const Tree::Changes& changes) {
    restricted_ = true;
    for (const std::vector<Tree::Id>* list : {&changes.set, &changes.hidden, &changes.opaque})
      for (const Tree::Id node : *list) want(node);
    want_linked(changes);
    for (const Tree::Id node : changes.hidden) mark(hidden_, node);
    for (const Tree::Id node : changes.opaque) mark(opaque_, node);
  }

  Result<void> run() {
    TRY(open_data());
    std::vector<Tree::Id> directories = {Tree::kRoot};
    for (size_t i = 0; i < directories.size(); ++i) TRY(fill(directories[i], directories));
    std::ranges::reverse(directories);
    for (const Tree::Id dir : directories) TRY(finish_directory(dir));
    return {};
  }

 private:
  struct LayerFiles {
    Fd tar, sparse;
    uint64_t offset;
  };

  static void mark(std::vector<bool>& flags, Tree::Id node) {
    if (flags.size() <= node) flags.resize(node + 1);
    flags[node] = true;
  }
  static bool has(const std::vector<bool>& flags, Tree::Id node) {
    return node < flags.size() && flags[node];
  }

  void want(Tree::Id node) {
    while (!has(wanted_, node)) {
      mark(wanted_, node);
      node = tree_.node(node).parent;
    }
  }

  // A hard link to a file of a lower layer is a copy of it here; all names of that file have to be of that copy.
  void want_linked(const Tree::Changes& changes) {
    std::set<Tree::Id> inodes;
    for (const Tree::Id node : changes.set) {
      if (!is_there(node) || is_directory(node)) continue;
      const Tree::Id inode = tree_.node(node).inode;
      if (tree_.inode(inode).layer + size_t{1} < tree_.layers()) inodes.insert(inode);
    }
    if (inodes.empty()) return;
    for (Tree::Id node = 0; node < tree_.node_count(); ++node)
      if (is_there(node) && inodes.contains(tree_.node(node).inode)) want(node);
  }

  Result<void> open_data() {
    for (const LayerData& layer : layers_) {
      LayerFiles files{TRY(sys::open(layer.tar, O_RDONLY)), Fd(), layer.tar_offset};
      if (!layer.sparse.empty()) files.sparse = TRY(sys::open(layer.sparse, O_RDONLY));
      files_.push_back(std::move(files));
    }
    return {};
  }

  bool is_there(Tree::Id node) const { return tree_.node(node).inode != Tree::kNone; }
  bool is_directory(Tree::Id node) const {
    return is_there(node) && tree_.inode(tree_.node(node).inode).is_directory;
  }

  Result<Fd> open_dir(Tree::Id node) const {
    return root_.open_at(tree_.path(node), O_RDONLY | O_DIRECTORY, RootDir::Links::kRefuse);
  }

  Result<void> fill(Tree::Id dir, std::vector<Tree::Id>& directories) {
    const Fd open = TRY(open_dir(dir));
    for (Tree::Id child = tree_.node(dir).first_child; child != Tree::kNone; child = tree_.node(child).next) {
      if (restricted_ && !has(wanted_, child)) continue;
      const std::string name(tree_.name(child));
      if (is_directory(child)) {
        TRY(sys::mkdirat(open, name, 0700));
        directories.push_back(child);
      } else if (is_there(child)) {
        TRY(make(open, name, child).context([&] { return tree_.path(child); }));
      } else if (has(hidden_, child)) {
        TRY(sys::mknodat(open, name, S_IFCHR, makedev(0, 0)));  // overlayfs: nothing is here
      }
    }
    return {};
  }

  Result<void> make(const Fd& dir, const std::string& name, Tree::Id node) {
    const Tree::Id inode = tree_.node(node).inode;
    if (first_names_[inode] != Tree::kNone) {
      const Tree::Id first = first_names_[inode];
      const Fd from = TRY(open_dir(tree_.node(first).parent));
      return sys::linkat(from, std::string(tree_.name(first)), dir, name);
    }
    first_names_[inode] = node;
    const EntryView entry = tree_.record_of(inode);
    const EntryHead& head = entry.head();
    if (S_ISREG(head.mode)) {
      TRY(make_file(dir, name, head, tree_.inode(inode).layer));
    } else if (S_ISLNK(head.mode)) {
      TRY(sys::symlinkat(std::string(entry.link()), dir, name));
    } else {
      TRY(sys::mknodat(dir, name, head.mode & S_IFMT, makedev(head.major, head.minor)));
    }
    return set_attributes(dir, name, entry);
  }

  Result<void> make_file(const Fd& dir, const std::string& name, const EntryHead& head, size_t layer) {
    const Fd file = TRY(sys::openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
    const LayerFiles& data = files_[layer];
    if (head.sparse == 0) {
      const auto from = static_cast<off_t>(data.offset + head.data_offset);
      return sys::copy_range({data.tar, from}, {file, 0}, head.size);
    }
    return copy_sparse(data.sparse, static_cast<off_t>(head.data_offset), file, head.size);
  }

  // Holes stay holes.
  static Result<void> copy_sparse(const Fd& from, off_t base, const Fd& to, uint64_t size) {
    TRY(sys::ftruncate(to, static_cast<off_t>(size)));
    const off_t end = base + static_cast<off_t>(size);
    for (off_t at = base; at < end;) {
      const Result<off_t> data = sys::lseek(from, at, SEEK_DATA);
      if (!data.ok() || data.value() >= end) return {};
      const off_t hole = std::min(end, TRY(sys::lseek(from, data.value(), SEEK_HOLE)));
      TRY(sys::copy_range({from, data.value()}, {to, data.value() - base},
                          static_cast<size_t>(hole - data.value())));
      at = hole;
    }
    return {};
  }

  // chown clears setuid bits and capabilities, so it comes first; times come last.
  static Result<void> set_attributes(const Fd& dir, const std::string& name, const EntryView& entry) {
    const EntryHead& head = entry.head();
    TRY(sys::fchownat(dir, name, head.uid, head.gid, AT_SYMLINK_NOFOLLOW));
    if (!S_ISLNK(head.mode)) TRY(sys::fchmodat(dir, name, head.mode & 07777));
    const std::string path = text::cat("/proc/self/fd/", dir.number(), "/", name);
    for (const EntryView::Xattr& xattr : entry.xattrs())
      TRY(sys::lsetxattr(path, std::string(xattr.name), xattr.value));
    const struct timespec time = {head.mtime, head.mtime_nsec};
    return sys::set_times(dir, name, {time, time});
  }

  Result<void> finish_directory(Tree::Id node) const {
    const Fd dir = TRY(open_dir(node));
    const bool hides = has(opaque_, node) || has(hidden_, node);
    if (restricted_ && hides)
      TRY(sys::lsetxattr(text::cat("/proc/self/fd/", dir.number(), "/."), kOpaque, "y"));
    if (tree_.has_record(node)) return set_attributes(dir, ".", tree_.record(node));
    TRY(sys::fchmod(dir, 0755));
    return sys::set_times(dir, ".", {{0, 0}, {0, 0}});
  }

  const Tree& tree_;
  std::span<const LayerData> layers_;
  RootDir root_;
  std::vector<LayerFiles> files_;
  std::vector<Tree::Id> first_names_;  // by inode
  bool restricted_ = false;
  std::vector<bool> wanted_, hidden_, opaque_;
};

Result<Unpacker> begin(const Tree& tree, std::span<const LayerData> layers, FdView root) {
  return Unpacker(tree, layers, RootDir(TRY(sys::openat(root, ".", O_PATH | O_DIRECTORY))));
}

}  // namespace

Result<void> unpack_all(const Tree& tree, std::span<const LayerData> layers, FdView root) {
  return TRY(begin(tree, layers, root)).run();
}

Result<void> unpack_changes(const Tree& tree, const Tree::Changes& changes, std::span<const LayerData> layers,
                            FdView root) {
  Unpacker unpacker = TRY(begin(tree, layers, root));
  unpacker.restrict(changes);
  return unpacker.run();
}

}  // namespace estiva::image
