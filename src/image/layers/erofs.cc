// SPDX-License-Identifier: Apache-2.0
// The index in two walks of the tree in the same order: the first gives each inode its place, the second writes. What the
// first needs of an inode's record is gathered before, in the order of the records, which may be far from the tree's. Two
// areas follow the super block: inodes with their attributes and short contents, then whole blocks of directories and
// long links.
#include "image/layers/erofs.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sysmacros.h>

#include <algorithm>

#include "estiva/base/sys_data.h"
#include "estiva/base/text.h"
#include "image/digest.h"
#include "image/layers/erofs_format.h"

namespace estiva::image {

namespace {

using namespace erofs;

constexpr size_t kFlush = 1 << 20;
constexpr uint32_t kNoNid = UINT32_MAX;

uint64_t round_up(uint64_t value, uint64_t unit) { return (value + unit - 1) / unit * unit; }

template <typename T>
void append(std::string& out, const T& value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

// One of the two areas: bytes in their order to a place of the file.
struct Area {
  FdView out;
  uint64_t offset = 0;  // of the next byte
  std::string buffer;

  Result<void> add(std::string_view bytes) {
    buffer += bytes;
    return buffer.size() < kFlush ? Result<void>() : flush();
  }
  Result<void> pad_to(uint64_t position) {
    while (offset + buffer.size() < position)
      TRY(add(std::string(static_cast<size_t>(std::min<uint64_t>(position - offset - buffer.size(), kFlush)),
                          '\0')));
    return {};
  }
  Result<void> flush() {
    TRY(sys::pwrite_all(out, buffer, static_cast<off_t>(offset)));
    offset += buffer.size();
    buffer.clear();
    return {};
  }
};

uint8_t file_type(uint32_t mode) {
  switch (mode & S_IFMT) {
    case S_IFDIR:
      return kDirectory;
    case S_IFCHR:
      return kCharDevice;
    case S_IFBLK:
      return kBlockDevice;
    case S_IFIFO:
      return kFifo;
    case S_IFLNK:
      return kSymlink;
    default:
      return kFile;
  }
}

// As the kernel's new_encode_dev.
uint32_t encode_device(uint32_t major, uint32_t minor) {
  return (minor & 0xff) | (major << 8) | ((minor & ~0xffu) << 12);
}

struct Prefix {
  std::string_view text;
  uint8_t number;
};
constexpr Prefix kPrefixes[] = {{"user.", kUser},
                                {"trusted.", kTrusted},
                                {"security.", kSecurity},
                                {"system.posix_acl_access", kAclAccess},
                                {"system.posix_acl_default", kAclDefault}};

std::string pack_xattrs(const EntryView& entry) {
  std::string out;
  if (entry.head().xattr_size == 0) return out;
  append(out, XattrHead{});
  for (const EntryView::Xattr& xattr : entry.xattrs()) {
    const auto prefix = std::ranges::find_if(
        kPrefixes, [&](const Prefix& each) { return xattr.name.starts_with(each.text); });
    if (prefix == std::end(kPrefixes)) continue;
    const std::string_view rest = xattr.name.substr(prefix->text.size());
    append(out, XattrEntry{static_cast<uint8_t>(rest.size()), prefix->number,
                           static_cast<uint16_t>(xattr.value.size())});
    out.append(rest).append(xattr.value);
    out.resize(round_up(out.size(), 4), '\0');
  }
  return out.size() == sizeof(XattrHead) ? "" : out;
}

// Contents that the index itself holds, of a directory or a link: whole blocks, and a tail that may stand beside the
// inode.
struct Body {
  uint64_t size = 0;
  uint64_t blocks = 0;  // in the second area
  uint64_t tail = 0;    // beside the inode
};

class IndexWriter {
 public:
  IndexWriter(Tree& tree, std::span<const LayerData> layers, FdView out)
      : tree_(tree), layers_(layers), out_(out) {
    tree.forget_lookup();
    nids_.assign(tree.inode_count(), kNoNid);
    sizes_.reserve(tree.inode_count());
    for (Tree::Id inode = 0; inode < tree.inode_count(); ++inode) sizes_.push_back(sizes_of(inode));
  }

  Result<std::vector<IndexDevice>> write(std::string_view seed) {
    TRY(add_devices());
    const uint64_t table = kSuperOffset + sizeof(Super);
    meta_ = round_up(table + devices_.size() * sizeof(DeviceSlot), kBlock);
    plan();
    blocks_at_ = round_up(meta_ + position_, kBlock);
    const uint64_t own_blocks = blocks_at_ / kBlock + planned_blocks_;
    if (position_ / kSlot >= kNoNid || own_blocks > UINT32_MAX)
      return Error(Code::kUnsupported, "the image has too many files for one index");
    TRY(map_devices(own_blocks));
    TRY(write_inodes());
    TRY(write_super(seed, own_blocks));
    return devices_;
  }

 private:
  Result<uint32_t> device(const std::string& path) {
    for (size_t i = 0; i < devices_.size(); ++i)
      if (devices_[i].path == path) return static_cast<uint32_t>(i);
    const Fd file = TRY(sys::open(path, O_RDONLY));
    devices_.push_back({path, static_cast<uint64_t>(TRY(sys::fstat(file)).st_size)});
    return static_cast<uint32_t>(devices_.size() - 1);
  }

  Result<void> add_devices() {
    for (const LayerData& layer : layers_) {
      Places places;
      places.tar = TRY(device(layer.tar));
      if (!layer.sparse.empty()) places.sparse = TRY(device(layer.sparse));
      places_.push_back(places);
    }
    return {};
  }

  // One space of 32-bit block addresses for the index and all devices.
  Result<void> map_devices(uint64_t first) {
    for (const IndexDevice& each : devices_) {
      starts_.push_back(first);
      first += round_up(each.size, kBlock) / kBlock;
    }
    if (first <= UINT32_MAX) return {};
    return Error(Code::kUnsupported, "the layers together have more than 2 TiB");
  }

  // ---- what stands where

  // Of an inode, packed for there may be a million.
  struct Sizes {
    uint32_t type : 3;     // FileType
    uint32_t link : 12;    // bytes of a symbolic link's target
    uint32_t xattrs : 17;  // bytes of packed attributes, in units of 4
  };
  static_assert(sizeof(Sizes) == 4);

  Sizes sizes_of(Tree::Id inode) const {
    if (tree_.inode(inode).record == 0) return {kDirectory, 0, 0};
    const EntryView entry = tree_.record_of(inode);
    Sizes sizes{};
    sizes.type = file_type(entry.head().mode) & 7;
    if (sizes.type == kSymlink) sizes.link = entry.head().link_size & 0xfff;
    sizes.xattrs = static_cast<uint32_t>(pack_xattrs(entry).size() / 4) & 0x1ffff;
    return sizes;
  }

  uint32_t mode_of(Tree::Id inode) const {
    return tree_.inode(inode).record == 0 ? S_IFDIR | 0755 : tree_.record_of(inode).head().mode;
  }

  // Calls each(name, nid owner) for all entries in byte order, "." and ".." among them.
  template <typename Each>
  void for_entries(Tree::Id dir, const Each& each) {
    const std::string_view dots[] = {".", ".."};
    const Tree::Id targets[] = {dir, tree_.node(dir).parent};
    size_t dot = 0;
    for (Tree::Id child = tree_.first_child(dir);; child = tree_.next_sibling(child)) {
      while (dot < 2 && (child == Tree::kNone || dots[dot] < tree_.name(child))) {
        each(dots[dot], targets[dot]);
        ++dot;
      }
      if (child == Tree::kNone) return;
      each(tree_.name(child), child);
    }
  }

  Body body_of(Tree::Id node) {
    Body body;
    const Tree::Id inode = tree_.node(node).inode;
    body.size = sizes_[inode].link;
    if (sizes_[inode].type == kDirectory) {
      uint64_t in_block = 0;
      for_entries(node, [&](std::string_view name, Tree::Id) {
        const uint64_t size = sizeof(Dirent) + name.size();
        if (in_block + size > kBlock) {
          body.size += kBlock;
          in_block = 0;
        }
        in_block += size;
      });
      body.size += in_block;
    }
    body.blocks = body.size / kBlock;
    body.tail = body.size % kBlock;
    return body;
  }

  // The inode's place: its tail, if there is one that fits, must not cross a block's border.
  uint64_t place(uint64_t at, uint64_t head, Body& body) const {
    at = round_up(at, kSlot);
    if (body.tail == 0) return at;
    if (body.tail > kBlock - kSlot) {  // no use to move far for it
      ++body.blocks;
      body.tail = 0;
      return at;
    }
    const uint64_t begin = (meta_ + at + head) % kBlock;
    if (begin + body.tail <= kBlock) return at;
    const uint64_t forward = round_up(kBlock - begin, kSlot);
    return at + forward;
  }

  uint64_t head_size(Tree::Id inode) const { return sizeof(Inode) + uint64_t{sizes_[inode].xattrs} * 4; }

  // Inodes in the order of the walk: a directory, what is in it, then its directories.
  template <typename Visit>
  Result<void> walk(const Visit& visit) {
    std::vector<Tree::Id> todo = {Tree::kRoot};
    TRY(visit(Tree::kRoot));
    while (!todo.empty()) {
      const Tree::Id dir = todo.back();
      todo.pop_back();
      for (Tree::Id child = tree_.first_child(dir); child != Tree::kNone; child = tree_.next_sibling(child)) {
        TRY(visit(child));
        if (tree_.inode(tree_.node(child).inode).is_directory) todo.push_back(child);
      }
    }
    return {};
  }

  void plan() {
    tree_.sort_children(Tree::kRoot);
    (void)walk([&](Tree::Id node) -> Result<void> {
      const Tree::Id inode = tree_.node(node).inode;
      if (nids_[inode] != kNoNid) return {};  // another name of a hard link
      if (tree_.inode(inode).is_directory) tree_.sort_children(node);
      Body body = body_of(node);
      const uint64_t head = head_size(inode);
      position_ = place(position_, head, body);
      nids_[inode] = static_cast<uint32_t>(position_ / kSlot);
      position_ += head + body.tail;
      planned_blocks_ += body.blocks;
      ++inodes_;
      return {};
    });
  }

  // ---- writing

  struct Named {
    std::string_view name;
    Tree::Id node;
  };

  std::string dirents(const std::vector<Named>& block) const {
    std::string out;
    size_t name_offset = block.size() * sizeof(Dirent);
    for (const Named& each : block) {
      const Tree::Id inode = tree_.node(each.node).inode;
      append(out, Dirent{nids_[inode], static_cast<uint16_t>(name_offset),
                         static_cast<uint8_t>(sizes_[inode].type), 0});
      name_offset += each.name.size();
    }
    for (const Named& each : block) out += each.name;
    return out;
  }

  // All blocks but the last, which may stand beside the inode and is returned. A directory may have a million entries:
  // no more than a block is held.
  Result<std::string> write_directory(Tree::Id dir, Area& blocks) {
    std::vector<Named> block;
    uint64_t in_block = 0;
    Result<void> written;
    for_entries(dir, [&](std::string_view name, Tree::Id node) {
      const uint64_t size = sizeof(Dirent) + name.size();
      if (in_block + size > kBlock) {
        std::string bytes = dirents(block);
        bytes.resize(kBlock, '\0');
        if (written.ok()) written = blocks.add(bytes);
        block.clear();
        in_block = 0;
      }
      in_block += size;
      block.push_back({name, node});
    });
    TRY(std::move(written));
    return dirents(block);
  }

  uint32_t directory_links(Tree::Id dir) const {
    uint32_t links = 2;
    for (Tree::Id child = tree_.first_child(dir); child != Tree::kNone; child = tree_.next_sibling(child))
      links += tree_.inode(tree_.node(child).inode).is_directory ? 1 : 0;
    return links;
  }

  void set_record(Tree::Id id, Inode& inode) const {
    const EntryHead& head = tree_.record_of(id).head();
    inode.size = S_ISREG(head.mode) ? head.size : 0;
    inode.uid = head.uid;
    inode.gid = head.gid;
    inode.mtime = static_cast<uint64_t>(head.mtime);
    inode.mtime_nsec = head.mtime_nsec;
    if (S_ISCHR(head.mode) || S_ISBLK(head.mode))
      inode.block_or_device = encode_device(head.major, head.minor);
    if (!S_ISREG(head.mode) || head.size == 0) return;
    const size_t layer = tree_.inode(id).layer;
    const uint64_t offset =
        head.sparse != 0 ? head.data_offset : layers_[layer].tar_offset + head.data_offset;
    const uint64_t start = starts_[head.sparse != 0 ? places_[layer].sparse : places_[layer].tar];
    inode.block_or_device = static_cast<uint32_t>(start + offset / kBlock);
  }

  Result<void> write_inode(Tree::Id node, Area& inodes, Area& blocks) {
    const Tree::Id id = tree_.node(node).inode;
    if (nids_[id] < next_nid_) return {};  // another name of a hard link
    Inode inode{};
    inode.mode = static_cast<uint16_t>(mode_of(id));
    inode.number = ++number_;
    inode.links = tree_.inode(id).links;
    std::string xattrs;
    if (tree_.inode(id).record != 0) {
      set_record(id, inode);
      xattrs = pack_xattrs(tree_.record_of(id));
    }
    if (!xattrs.empty())
      inode.xattr_count = static_cast<uint16_t>((xattrs.size() - sizeof(XattrHead)) / 4 + 1);
    if (S_ISDIR(inode.mode)) inode.links = directory_links(node);
    Body body = body_of(node);
    (void)place(0, head_size(id), body);  // decides whether there is a tail
    if (body.size > 0) inode.size = body.size;
    if (body.blocks > 0)
      inode.block_or_device = static_cast<uint32_t>((blocks.offset + blocks.buffer.size()) / kBlock);
    inode.format = kExtended | (body.tail > 0 ? kFlatInline : kFlatPlain);
    TRY(inodes.pad_to(meta_ + uint64_t{nids_[id]} * kSlot));
    next_nid_ = nids_[id] + 1;
    std::string head;
    append(head, inode);
    TRY(inodes.add(head));
    TRY(inodes.add(xattrs));
    return body.size == 0 ? Result<void>() : write_body(node, body.tail, inodes, blocks);
  }

  // Of a directory or a link; the last `tail` bytes stand beside the inode.
  Result<void> write_body(Tree::Id node, uint64_t tail, Area& inodes, Area& blocks) {
    const Tree::Id id = tree_.node(node).inode;
    std::string rest;
    if (tree_.inode(id).is_directory) {
      rest = TRY(write_directory(node, blocks));
    } else {
      rest = tree_.record_of(id).link();
    }
    TRY(blocks.add(std::string_view(rest).substr(0, rest.size() - tail)));
    TRY(blocks.pad_to(round_up(blocks.offset + blocks.buffer.size(), kBlock)));
    return inodes.add(std::string_view(rest).substr(rest.size() - tail));
  }

  Result<void> write_inodes() {
    Area inodes{out_, meta_, ""};
    Area blocks{out_, blocks_at_, ""};
    TRY(walk([&](Tree::Id node) { return write_inode(node, inodes, blocks); }));
    TRY(inodes.pad_to(blocks_at_));
    TRY(inodes.flush());
    return blocks.flush();
  }

  Result<void> write_super(std::string_view seed, uint64_t own_blocks) const {
    Super super{};
    super.magic = kMagic;
    super.feature_compat = kMtime;
    super.block_bits = kBlockBits;
    super.root_nid = static_cast<uint16_t>(nids_[tree_.node(Tree::kRoot).inode]);
    super.inodes = inodes_;
    super.blocks = static_cast<uint32_t>(own_blocks);
    super.meta_block = static_cast<uint32_t>(meta_ / kBlock);
    const std::string hex = digest_of(seed).hex();
    for (size_t i = 0; i < sizeof super.uuid; ++i)
      super.uuid[i] = text::number<uint8_t>(std::string_view(hex).substr(i * 2, 2), 16).value_or(0);
    super.feature_incompat = devices_.empty() ? 0 : kDeviceTable;
    super.extra_devices = static_cast<uint16_t>(devices_.size());
    super.device_slot = static_cast<uint16_t>((kSuperOffset + sizeof super) / sizeof(DeviceSlot));
    std::string bytes;
    append(bytes, super);
    for (size_t i = 0; i < devices_.size(); ++i) {
      DeviceSlot slot{};
      slot.blocks = static_cast<uint32_t>(round_up(devices_[i].size, kBlock) / kBlock);
      slot.mapped_block = static_cast<uint32_t>(starts_[i]);
      append(bytes, slot);
    }
    TRY(sys::ftruncate(out_, static_cast<off_t>(own_blocks * kBlock)));
    return sys::pwrite_all(out_, bytes, kSuperOffset);
  }

  struct Places {
    uint32_t tar = 0, sparse = 0;
  };
  Tree& tree_;
  std::span<const LayerData> layers_;
  FdView out_;
  std::vector<IndexDevice> devices_;
  std::vector<Places> places_;    // of each layer
  std::vector<uint64_t> starts_;  // of each device, in blocks
  std::vector<Sizes> sizes_;      // by inode
  std::vector<uint32_t> nids_;    // by inode
  uint64_t meta_ = 0, position_ = 0, planned_blocks_ = 0, blocks_at_ = 0, inodes_ = 0;
  uint32_t next_nid_ = 0, number_ = 0;
};

}  // namespace

Result<std::vector<IndexDevice>> write_index(Tree& tree, std::span<const LayerData> layers,
                                             std::string_view uuid_seed, FdView out) {
  return IndexWriter(tree, layers, out).write(uuid_seed);
}

}  // namespace estiva::image
