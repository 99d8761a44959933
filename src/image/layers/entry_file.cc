// SPDX-License-Identifier: Apache-2.0
// Records of entries. The file ends with a foot that says that it is whole.
#include "image/layers/entry_file.h"

#include <string.h>

#include "estiva/base/text.h"

namespace estiva::image {

namespace {

constexpr std::string_view kMagic = "cais-entries-1\n\n";  // as long as two numbers
constexpr size_t kFoot = 16;                               // bytes of records, number of records
constexpr size_t kFlush = 256 << 10;

uint16_t type_of(tar::Kind kind) {
  switch (kind) {
    case tar::Kind::kFile:
      return S_IFREG;
    case tar::Kind::kSymlink:
      return S_IFLNK;
    case tar::Kind::kCharDevice:
      return S_IFCHR;
    case tar::Kind::kBlockDevice:
      return S_IFBLK;
    case tar::Kind::kDirectory:
      return S_IFDIR;
    case tar::Kind::kFifo:
      return S_IFIFO;
    case tar::Kind::kHardLink:
      break;
  }
  return 0;
}

void add_number(std::string& out, uint32_t number) {
  out.append(reinterpret_cast<const char*>(&number), sizeof number);
}

std::string pack_xattrs(const tar::Entry& entry) {
  std::string out;
  for (const auto& [name, value] : entry.xattrs) {
    add_number(out, static_cast<uint32_t>(name.size()));
    add_number(out, static_cast<uint32_t>(value.size()));
    out += name;
    out += value;
  }
  return out;
}

}  // namespace

std::vector<EntryView::Xattr> EntryView::xattrs() const {
  std::vector<Xattr> out;
  std::string_view rest(link().data() + head().link_size, head().xattr_size);
  while (rest.size() >= 8) {
    uint32_t sizes[2];
    memcpy(sizes, rest.data(), sizeof sizes);
    out.push_back({rest.substr(8, sizes[0]), rest.substr(8 + sizes[0], sizes[1])});
    rest.remove_prefix(8 + sizes[0] + sizes[1]);
  }
  return out;
}

Result<void> EntryWriter::add(const tar::Entry& entry, uint64_t data_offset) {
  if (count_ == 0 && bytes_ == 0) {
    buffer_ += kMagic;
    bytes_ = kMagic.size();
  }
  const std::string xattrs = pack_xattrs(entry);
  EntryHead head{};
  head.mode = static_cast<uint16_t>(type_of(entry.kind) | entry.permissions);
  head.sparse = entry.sparse ? 1 : 0;
  head.uid = entry.uid;
  head.gid = entry.gid;
  head.mtime = entry.mtime;
  head.mtime_nsec = entry.mtime_nsec;
  head.major = entry.major;
  head.minor = entry.minor;
  head.xattr_size = static_cast<uint32_t>(xattrs.size());
  head.size = entry.kind == tar::Kind::kSymlink ? entry.link.size() : entry.size;
  head.data_offset = data_offset;
  head.path_size = static_cast<uint16_t>(entry.path.size());
  head.link_size = static_cast<uint16_t>(entry.link.size());
  const size_t size = sizeof head + entry.path.size() + entry.link.size() + xattrs.size();
  head.record_size = static_cast<uint32_t>((size + 7) / 8 * 8);
  buffer_.append(reinterpret_cast<const char*>(&head), sizeof head);
  buffer_.append(entry.path).append(entry.link).append(xattrs);
  buffer_.append(head.record_size - size, '\0');
  bytes_ += head.record_size;
  ++count_;
  if (bytes_ / 8 > UINT32_MAX)
    return Error(Code::kInvalid, "the names and attributes of the layer's files take more than 32 GiB");
  if (buffer_.size() < kFlush) return {};
  return sys::write_all(file_, std::exchange(buffer_, std::string()));
}

Result<void> EntryWriter::finish() {
  if (bytes_ == 0) {
    buffer_ += kMagic;
    bytes_ = kMagic.size();
  }
  buffer_.append(reinterpret_cast<const char*>(&bytes_), sizeof bytes_);
  buffer_.append(reinterpret_cast<const char*>(&count_), sizeof count_);
  return sys::write_all(file_, std::exchange(buffer_, std::string()));
}

Result<EntryFile> EntryFile::open(FdView file) {
  EntryFile entries;
  entries.mapping_ = TRY(sys::map_file(file));
  const std::string_view bytes = entries.mapping_.bytes();
  uint64_t foot[2] = {};
  if (bytes.size() >= kMagic.size() + kFoot) memcpy(foot, bytes.data() + bytes.size() - kFoot, kFoot);
  if (!bytes.starts_with(kMagic) || foot[0] + kFoot != bytes.size())
    return Error(Code::kInvalid, "the list of the layer's entries is not whole");
  entries.count_ = foot[1];
  return entries;
}

uint32_t EntryFile::first() const { return count_ == 0 ? 0 : static_cast<uint32_t>(kMagic.size() / 8); }

uint32_t EntryFile::next(uint32_t position) const {
  const uint32_t after = position + at(position).head().record_size / 8;
  return uint64_t{after} * 8 + kFoot >= mapping_.bytes().size() ? 0 : after;
}

}  // namespace estiva::image
