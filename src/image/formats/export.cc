// SPDX-License-Identifier: Apache-2.0
// Flat tars: of an image's merged tree, without mounting anything, and of a directory.
#include <errno.h>
#include <fcntl.h>

#include <algorithm>
#include <map>

#include "estiva/base/sys_data.h"
#include "estiva/base/text.h"
#include "image/formats/save.h"
#include "image/store/view.h"
#include "image/tar/writer.h"

namespace estiva::image {

namespace {

constexpr size_t kPiece = 1 << 20;

tar::Entry entry_of(const EntryView& view) {
  const EntryHead& head = view.head();
  tar::Entry entry;
  entry.kind = tar::kind_of(head.mode);
  entry.link = view.link();
  entry.permissions = head.mode & 07777;
  entry.uid = head.uid;
  entry.gid = head.gid;
  entry.mtime = head.mtime;
  entry.mtime_nsec = head.mtime_nsec;
  entry.major = head.major;
  entry.minor = head.minor;
  entry.size = S_ISREG(head.mode) ? head.size : 0;
  for (const EntryView::Xattr& xattr : view.xattrs()) entry.xattrs.emplace_back(xattr.name, xattr.value);
  return entry;
}

Result<void> copy_data(tar::Writer& writer, FdView from, uint64_t offset, uint64_t size) {
  std::string piece(static_cast<size_t>(std::min<uint64_t>(size, kPiece)), '\0');
  while (size > 0) {
    const size_t want = static_cast<size_t>(std::min<uint64_t>(size, piece.size()));
    const size_t count = TRY(sys::pread(from, piece.data(), want, static_cast<off_t>(offset)));
    if (count == 0) {  // shorter than it was a moment ago: the header decides
      std::ranges::fill(piece, '\0');
    }
    const size_t taken = count == 0 ? want : count;
    TRY(writer.data(std::string_view(piece).substr(0, taken)));
    offset += taken;
    size -= taken;
  }
  return {};
}

class TreeExport {
 public:
  TreeExport(View& view, tar::Writer& writer) : view_(view), writer_(writer) {}

  Result<void> run() {
    for (const LayerData& layer : view_.data) {
      tars_.push_back(TRY(sys::open(layer.tar, O_RDONLY)));
      sparse_.push_back(layer.sparse.empty() ? Fd() : TRY(sys::open(layer.sparse, O_RDONLY)));
    }
    std::vector<Tree::Id> todo = {Tree::kRoot};
    while (!todo.empty()) {
      const Tree::Id node = todo.back();
      todo.pop_back();
      if (node != Tree::kRoot) TRY(add(node));
      if (!view_.tree.inode(view_.tree.node(node).inode).is_directory) continue;
      view_.tree.sort_children(node);
      std::vector<Tree::Id> children;
      for (Tree::Id id = view_.tree.first_child(node); id != Tree::kNone; id = view_.tree.next_sibling(id))
        children.push_back(id);
      todo.insert(todo.end(), children.rbegin(), children.rend());
    }
    return writer_.finish();
  }

 private:
  Result<void> add(Tree::Id node) {
    const Tree::Id inode = view_.tree.node(node).inode;
    tar::Entry entry;
    entry.kind = tar::Kind::kDirectory;
    entry.permissions = 0755;
    if (view_.tree.has_record(node)) entry = entry_of(view_.tree.record(node));
    entry.path = view_.tree.path(node).substr(1);
    if (entry.kind == tar::Kind::kDirectory) {
      entry.path += '/';
      return writer_.add(entry);
    }
    const auto [first, is_first] = first_.emplace(inode, entry.path);
    if (!is_first) {
      entry.kind = tar::Kind::kHardLink;
      entry.link = first->second;
      entry.size = 0;
      entry.xattrs.clear();
      return writer_.add(entry);
    }
    if (view_.tree.inode(inode).links < 2) first_.erase(first);
    TRY(writer_.add(entry));
    if (entry.kind != tar::Kind::kFile) return {};
    const EntryHead& head = view_.tree.record(node).head();
    const size_t layer = view_.tree.inode(inode).layer;
    if (head.sparse != 0) return copy_data(writer_, sparse_[layer], head.data_offset, head.size);
    return copy_data(writer_, tars_[layer], view_.data[layer].tar_offset + head.data_offset, head.size);
  }

  View& view_;
  tar::Writer& writer_;
  std::vector<Fd> tars_, sparse_;
  std::map<Tree::Id, std::string> first_;  // of inodes with several names
};

class DirectoryExport {
 public:
  DirectoryExport(dev_t device, tar::Writer& writer) : device_(device), writer_(writer) {}

  Result<void> walk(FdView dir, const std::string& prefix) {
    std::vector<std::string> names = TRY(files::list(dir));
    std::ranges::sort(names);
    for (const std::string& name : names) {
      const struct stat info = TRY(sys::fstatat(dir, name, AT_SYMLINK_NOFOLLOW));
      if (info.st_dev != device_ && S_ISDIR(info.st_mode)) continue;  // another mount
      if (S_ISSOCK(info.st_mode)) continue;
      TRY(add(dir, name, prefix + name, info).context([&] { return prefix + name; }));
    }
    return {};
  }

 private:
  Result<void> add(FdView dir, const std::string& name, const std::string& path, const struct stat& info) {
    tar::Entry entry = tar::entry_of(info);
    entry.path = path;
    if (entry.kind == tar::Kind::kSymlink) entry.link = TRY(sys::readlinkat(dir, name));
    if (entry.kind != tar::Kind::kDirectory && info.st_nlink > 1) {
      const auto [first, is_first] = first_.emplace(info.st_ino, path);
      if (!is_first) {
        entry.kind = tar::Kind::kHardLink;
        entry.link = first->second;
        return writer_.add(entry);
      }
    }
    TRY(add_xattrs(text::cat("/proc/self/fd/", dir.number(), "/", name), entry));
    if (entry.kind == tar::Kind::kDirectory) {
      entry.path += '/';
      TRY(writer_.add(entry));
      return walk(TRY(sys::openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)), entry.path);
    }
    if (entry.kind != tar::Kind::kFile) return writer_.add(entry);
    const Fd file = TRY(sys::openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
    entry.size = static_cast<uint64_t>(info.st_size);
    TRY(writer_.add(entry));
    return copy_data(writer_, file, 0, entry.size);
  }

  static Result<void> add_xattrs(const std::string& path, tar::Entry& entry) {
    const Result<std::string> list = sys::llistxattr(path);
    if (!list.ok())
      return list.error().errnum() == EOPNOTSUPP ? Result<void>() : Error::from_parts(list.error().parts());
    for (const std::string& name : text::split(list.value(), '\0')) {
      if (name.empty() || name == "security.selinux" || name.starts_with("trusted.overlay.")) continue;
      entry.xattrs.emplace_back(name, TRY(sys::lgetxattr(path, name)));
    }
    std::ranges::sort(entry.xattrs);
    return {};
  }

  dev_t device_;
  tar::Writer& writer_;
  std::map<ino_t, std::string> first_;
};

}  // namespace

Result<void> export_image(const Store& store, const Image& image, FdView out) {
  View view = TRY(open_view(store, image.record.diff_ids));
  tar::Writer writer([&](std::string_view piece) { return sys::write_all(out, piece); });
  return TreeExport(view, writer).run();
}

Result<void> export_directory(const std::string& directory, FdView out) {
  const Fd root = TRY(sys::open(directory, O_RDONLY | O_DIRECTORY));
  tar::Writer writer([&](std::string_view piece) { return sys::write_all(out, piece); });
  DirectoryExport tree(TRY(sys::fstat(root)).st_dev, writer);
  TRY(tree.walk(root, ""));
  return writer.finish();
}

}  // namespace estiva::image
