// SPDX-License-Identifier: Apache-2.0
// Both kinds of sides. Overlayfs (kernel: Documentation/filesystems/overlayfs.rst): a whiteout is a character device
// 0/0, or an empty file with the attribute "whiteout" in a directory that is marked opaque=x; opaque=y hides all below.
#include "image/changes/side.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/sysmacros.h>

#include <algorithm>

#include "estiva/base/sys_copy.h"
#include "estiva/base/sys_data.h"
#include "estiva/base/text.h"

namespace estiva::image {

namespace {

// Where a name has gone meanwhile, or is of another kind than a moment ago.
bool is_gone(const Error& error) {
  return error.errnum() == ENOENT || error.errnum() == ENOTDIR || error.errnum() == ELOOP;
}

std::string magic_path(const Fd& dir, const std::string& name) {
  return text::cat("/proc/self/fd/", dir.number(), "/", name);
}

Attributes attributes_of(const struct stat& info) {
  Attributes out;
  out.mode = info.st_mode;
  out.uid = info.st_uid;
  out.gid = info.st_gid;
  out.mtime = info.st_mtim.tv_sec;
  out.mtime_nsec = static_cast<uint32_t>(info.st_mtim.tv_nsec);
  out.ctime = info.st_ctim;
  if (S_ISCHR(info.st_mode) || S_ISBLK(info.st_mode)) {
    out.major = major(info.st_rdev);
    out.minor = minor(info.st_rdev);
  }
  if (S_ISREG(info.st_mode) || S_ISLNK(info.st_mode)) out.size = static_cast<uint64_t>(info.st_size);
  out.inode = info.st_ino;
  out.device = info.st_dev;
  out.links = info.st_nlink;
  return out;
}

Attributes attributes_of(const Tree& tree, Tree::Id node) {
  Attributes out;
  const Tree::Id inode = tree.node(node).inode;
  out.inode = inode;
  out.links = tree.inode(inode).links;
  out.mode = S_IFDIR | 0755;
  if (!tree.has_record(node)) return out;
  const EntryHead& head = tree.record(node).head();
  out.mode = head.mode;
  out.uid = head.uid;
  out.gid = head.gid;
  out.mtime = head.mtime;
  out.mtime_nsec = head.mtime_nsec;
  if (S_ISCHR(head.mode) || S_ISBLK(head.mode)) {
    out.major = head.major;
    out.minor = head.minor;
  }
  if (S_ISREG(head.mode) || S_ISLNK(head.mode)) out.size = head.size;
  return out;
}

Error elsewhere(std::string_view what, const std::string& name) {
  return Error(Code::kUnsupported, text::cat("the overlay keeps its ", what))
      .object(text::quote(name))
      .hint("mount it with redirect_dir=off,metacopy=off");
}

// Capabilities of a file that are written in a user namespace are of version 3 (struct vfs_ns_cap_data), with the
// root that they are for. Where that is the image's own, on disk, they are the same as those of version 2.
void make_plain(std::string& capabilities) {
  constexpr size_t kVersion = 3, kRoot = 20, kSize = 24;  // bytes; numbers are little-endian
  const bool of_own_root = capabilities.size() == kSize && capabilities[kVersion] == 3 &&
                           capabilities.find_first_not_of('\0', kRoot) == std::string::npos;
  if (!of_own_root) return;
  capabilities.resize(kRoot);
  capabilities[kVersion] = 2;
}

}  // namespace

bool is_same_folder(const Folder& a, const Folder& b) {
  if (a.parts.empty()) return false;  // a node of a tree
  return std::ranges::equal(a.parts, b.parts, [](const Folder::Part& one, const Folder::Part& other) {
    const Result<struct stat> first = sys::fstat(one.dir), second = sys::fstat(other.dir);
    return first.ok() && second.ok() && first.value().st_dev == second.value().st_dev &&
           first.value().st_ino == second.value().st_ino;
  });
}

Result<Side> Side::of_directories(const std::vector<std::string>& paths, const char* marks) {
  Side side;
  side.paths_ = paths;
  side.marks_ = marks;
  for (const std::string& path : paths)
    side.devices_.push_back(TRY(sys::fstatat(FdView::cwd(), path, 0)).st_dev);
  return side;
}

Side Side::of_view(View& view) {
  Side side;
  side.view_ = &view;
  return side;
}

Result<Folder::Part> Side::make_part(Fd dir, bool& opaque) const {
  Folder::Part part{std::move(dir)};
  const std::string path = text::cat("/proc/self/fd/", part.dir.number());
  const Result<std::string> names = sys::listxattr(path);
  const std::string wanted = marks_ + "opaque";
  if (!names.ok() || names.value().find(wanted) == std::string::npos) return part;
  const Result<std::string> value = sys::getxattr(path, wanted);
  if (!value.ok()) return part;
  opaque = value.value() == "y";
  part.has_white_files = value.value() == "x";
  return part;
}

Result<Folder> Side::root() const {
  Folder folder;
  if (view_ != nullptr) {
    folder.node = Tree::kRoot;
    return folder;
  }
  for (const std::string& path : paths_) {
    bool ignored = false;
    Fd dir = TRY(sys::open(path, O_RDONLY | O_DIRECTORY));
    folder.parts.push_back(TRY(make_part(std::move(dir), ignored)));
  }
  return folder;
}

Result<Found> Side::find_root(const Folder& root) const {
  Found found{.folder = &root, .name = ".", .node = root.node};
  found.attributes.mode = S_IFDIR | 0755;
  if (view_ != nullptr) found.attributes = attributes_of(view_->tree, Tree::kRoot);
  if (!root.parts.empty()) found.attributes = attributes_of(TRY(sys::fstat(root.parts[0].dir)));
  return found;
}

Result<std::vector<Listed>> Side::list(const Folder& folder) const {
  std::vector<Listed> names;
  if (view_ != nullptr) {
    Tree& tree = view_->tree;
    tree.sort_children(folder.node);
    for (Tree::Id id = tree.first_child(folder.node); id != Tree::kNone; id = tree.next_sibling(id))
      names.push_back({std::string(tree.name(id))});
    return names;
  }
  for (const Folder::Part& part : folder.parts) {
    const bool is_sure = folder.parts.size() == 1 && !part.has_white_files;
    for (files::Entry& entry : TRY(files::list_entries(part.dir)))
      names.push_back({std::move(entry.name), is_sure && entry.type == DT_REG});
  }
  // Each is moved once: there may be very many.
  std::vector<Listed*> order;
  order.reserve(names.size());
  for (Listed& each : names) order.push_back(&each);
  std::ranges::sort(order, {}, [](const Listed* each) -> std::string_view { return each->name; });
  std::vector<Listed> sorted;
  sorted.reserve(names.size());
  for (Listed* each : order)
    if (sorted.empty() || sorted.back().name != each->name) sorted.push_back(std::move(*each));
  return sorted;
}

Result<bool> Side::is_white_file(const Folder::Part& part, const std::string& name) const {
  const Result<std::string> names = sys::llistxattr(magic_path(part.dir, name));
  return names.ok() && names.value().find(marks_ + "whiteout") != std::string::npos;
}

Result<std::optional<Found>> Side::find_in_part(const Folder& folder, size_t index,
                                                const std::string& name) const {
  const Folder::Part& part = folder.parts[index];
  const Result<struct stat> info = sys::fstatat(part.dir, name, AT_SYMLINK_NOFOLLOW);
  if (!info.ok()) {
    if (is_gone(info.error())) return std::optional<Found>();
    return Error::from_parts(info.error().parts());
  }
  Found found{.folder = &folder, .name = name, .attributes = attributes_of(info.value()), .part = index};
  const Attributes& attributes = found.attributes;
  const bool is_device = S_ISCHR(attributes.mode) && attributes.major == 0 && attributes.minor == 0;
  found.whiteout = is_device;
  if (part.has_white_files && attributes.is_file() && attributes.size == 0)
    found.whiteout = TRY(is_white_file(part, name));
  if (attributes.is_directory() && std::ranges::find(devices_, info.value().st_dev) == devices_.end())
    return std::optional<Found>();
  return std::optional(std::move(found));
}

Result<std::optional<Found>> Side::find(const Folder& folder, const std::string& name) const {
  if (view_ != nullptr) {
    const Tree::Id node = view_->tree.child_of(folder.node, name);
    if (node == Tree::kNone) return std::optional<Found>();
    return std::optional(
        Found{.folder = &folder, .name = name, .attributes = attributes_of(view_->tree, node), .node = node});
  }
  for (size_t i = 0; i < folder.parts.size(); ++i) {
    std::optional<Found> found = TRY(find_in_part(folder, i, name));
    if (found) return found;
  }
  return std::optional<Found>();
}

// False: what is there hides all below it.
Result<bool> Side::add_part(Folder& folder, const Folder::Part& parent, const std::string& name) const {
  Result<Fd> dir = sys::openat(parent.dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (!dir.ok()) {
    if (dir.error().errnum() == ENOENT) return true;
    if (is_gone(dir.error())) return false;
    return std::move(dir).error();
  }
  bool opaque = false;
  folder.parts.push_back(TRY(make_part(std::move(dir).value(), opaque)));
  return !opaque;
}

Result<std::optional<Folder>> Side::open(const Found& directory) const {
  Folder folder;
  folder.node = directory.node;
  if (view_ != nullptr) return std::optional(std::move(folder));
  const std::vector<Folder::Part>& above = directory.folder->parts;
  for (size_t i = directory.part; i < above.size() && !folder.opaque; ++i)
    folder.opaque = !TRY(add_part(folder, above[i], directory.name));
  if (folder.parts.empty()) return std::optional<Folder>();
  return std::optional(std::move(folder));
}

Result<Xattrs> Side::xattrs(const Found& found) const {
  Xattrs out;
  if (view_ != nullptr) {
    if (view_->tree.has_record(found.node))
      for (const EntryView::Xattr& each : view_->tree.record(found.node).xattrs())
        out.emplace_back(each.name, each.value);
    std::ranges::sort(out);
    return out;
  }
  const std::string path = magic_path(found.folder->parts[found.part].dir, found.name);
  const Result<std::string> list = sys::llistxattr(path);
  if (!list.ok()) {
    if (list.error().errnum() == EOPNOTSUPP || is_gone(list.error())) return out;
    return Error::from_parts(list.error().parts());
  }
  const std::string escaped = marks_ + "overlay.";
  for (const std::string& name : text::split(list.value(), '\0')) {
    if (name.empty() || name == "security.selinux") continue;  // the host's policy decides
    std::string own = name;
    if (name == marks_ + "metacopy") return elsewhere("data in a lower layer", found.name);
    if (name == marks_ + "redirect") return elsewhere("content under another name", found.name);
    if (name.starts_with(escaped)) {
      own = marks_ + name.substr(escaped.size());
    } else if (name.starts_with(marks_)) {
      continue;
    }
    Result<std::string> value = sys::lgetxattr(path, name);
    if (value.ok() && name == "security.capability") make_plain(value.value());
    if (value.ok()) out.emplace_back(std::move(own), std::move(value).value());
  }
  std::ranges::sort(out);
  return out;
}

std::pair<std::string_view, uint32_t> Side::origin(const Found& found) const {
  if (view_ == nullptr || !view_->tree.has_record(found.node)) return {};
  const Tree::Inode& inode = view_->tree.inode(view_->tree.node(found.node).inode);
  return {view_->data[inode.layer].tar, inode.record};
}

Result<std::optional<std::string>> Side::link(const Found& found) const {
  if (view_ != nullptr) return std::optional(std::string(view_->tree.record(found.node).link()));
  Result<std::string> target = sys::readlinkat(found.folder->parts[found.part].dir, found.name);
  if (target.ok()) return std::optional(std::move(target).value());
  if (is_gone(target.error()) || target.error().errnum() == EINVAL) return std::optional<std::string>();
  return std::move(target).error();
}

Result<std::optional<Content>> Side::content(const Found& found) const {
  Content content;
  if (view_ != nullptr) {
    const EntryHead& head = view_->tree.record(found.node).head();
    const LayerData& data = view_->data[view_->tree.inode(view_->tree.node(found.node).inode).layer];
    content.file = TRY(sys::open(head.sparse != 0 ? data.sparse : data.tar, O_RDONLY));
    content.offset = head.data_offset + (head.sparse != 0 ? 0 : data.tar_offset);
    content.size = head.size;
    return std::optional(std::move(content));
  }
  // A device or a FIFO may have taken the file's place: it is looked at before it is opened.
  const Result<Fd> file = sys::openat(found.folder->parts[found.part].dir, found.name, O_PATH | O_NOFOLLOW);
  if (!file.ok()) {
    if (is_gone(file.error())) return std::optional<Content>();
    return Error::from_parts(file.error().parts());
  }
  const struct stat info = TRY(sys::fstat(file.value()));
  if (!S_ISREG(info.st_mode)) return std::optional<Content>();
  content.file = TRY(sys::open(text::cat("/proc/self/fd/", file.value().number()), O_RDONLY));
  content.size = static_cast<uint64_t>(info.st_size);
  return std::optional(std::move(content));
}

Result<std::optional<std::string>> Side::read(const Found& found, uint64_t limit) const {
  if (!found.attributes.is_file() || found.attributes.size > limit) return std::optional<std::string>();
  const std::optional<Content> bytes = TRY(content(found));
  if (!bytes) return std::optional<std::string>();
  std::string text(std::min(bytes->size, limit), '\0');
  for (size_t done = 0; done < text.size();) {
    const size_t count = TRY(sys::pread(bytes->file, text.data() + done, text.size() - done,
                                        static_cast<off_t>(bytes->offset + done)));
    if (count == 0) text.resize(done);
    done += count;
  }
  return std::optional(std::move(text));
}

}  // namespace estiva::image
