// SPDX-License-Identifier: Apache-2.0
// Members of archives.
#include "image/formats/members.h"

#include <algorithm>

#include "estiva/base/sys.h"
#include "estiva/base/text.h"
#include "image/layers/tree.h"
#include "image/tar/reader.h"

namespace estiva::image {

namespace {

constexpr size_t kMaxMembers = 1 << 20;
constexpr int kMaxLinks = 8;
constexpr size_t kHead = 64 << 10;

Result<std::string> plain_path(std::string_view path) {
  std::string out;
  for (const std::string_view part : TRY(split_path(path))) out += text::cat(out.empty() ? "" : "/", part);
  return out;
}

// "a/b/layer.tar" and "../c/layer.tar": "a/c/layer.tar". Empty if it leads out of the archive.
std::string beside(const std::string& path, std::string_view target) {
  std::vector<std::string> parts = text::split(path, '/');
  parts.pop_back();
  for (const std::string& part : text::split(target, '/')) {
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      parts.push_back(part);
    } else if (parts.empty()) {
      return "";
    } else {
      parts.pop_back();
    }
  }
  return text::join(parts, "/");
}

}  // namespace

Result<Members> Members::scan(FdView archive) {
  Members out;
  uint64_t skip_to = 0;
  tar::Reader reader({[&](tar::Entry& entry) -> Result<void> {
                        const std::string path = TRY(plain_path(entry.path));
                        if (out.members_.size() + out.links_.size() > kMaxMembers)
                          return Error(Code::kInvalid, "the archive has more than a million members");
                        skip_to = entry.data_offset + entry.data_size;
                        if (entry.kind == tar::Kind::kFile && !entry.sparse)
                          out.members_[path] = {entry.data_offset, entry.size};
                        if (entry.kind == tar::Kind::kSymlink) out.links_[path] = beside(path, entry.link);
                        if (entry.kind == tar::Kind::kHardLink)
                          out.links_[path] = TRY(plain_path(entry.link));
                        return {};
                      },
                      nullptr, nullptr});
  const struct stat info = TRY(sys::fstat(archive));
  const auto size = static_cast<uint64_t>(info.st_size);
  std::string buffer(kHead, '\0');
  uint64_t offset = 0;
  while (offset < size) {
    // Data is passed over without reading it: the reader is told of zeros, which it counts and drops.
    if (skip_to > offset + buffer.size() && skip_to <= size) {
      std::ranges::fill(buffer, '\0');
      for (uint64_t left = skip_to - offset; left > 0;) {
        const size_t count = static_cast<size_t>(std::min<uint64_t>(left, buffer.size()));
        TRY(reader.write(std::string_view(buffer).substr(0, count)));
        left -= count;
      }
      offset = skip_to;
      continue;
    }
    const size_t count = TRY(sys::pread(archive, buffer.data(), 4096, static_cast<off_t>(offset)));
    if (count == 0) break;
    TRY(reader.write(std::string_view(buffer).substr(0, count)));
    offset += count;
  }
  TRY(reader.finish());
  return out;
}

const Member* Members::find(const std::string& path) const {
  std::string at = path;
  for (int links = 0; links <= kMaxLinks; ++links) {
    const auto member = members_.find(at);
    if (member != members_.end()) return &member->second;
    const auto link = links_.find(at);
    if (link == links_.end()) return nullptr;
    at = link->second;
  }
  return nullptr;
}

Result<std::string> read_member(FdView archive, const Member& member, size_t limit) {
  if (member.size > limit)
    return Error(Code::kInvalid, text::cat("has ", member.size, " bytes, at most ", limit, " are read"));
  std::string out(static_cast<size_t>(member.size), '\0');
  for (size_t done = 0; done < out.size();) {
    const size_t count = TRY(
        sys::pread(archive, out.data() + done, out.size() - done, static_cast<off_t>(member.offset + done)));
    if (count == 0) return Error(Code::kInvalid, "the archive ends within it");
    done += count;
  }
  return out;
}

}  // namespace estiva::image
