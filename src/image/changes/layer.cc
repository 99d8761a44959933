// SPDX-License-Identifier: Apache-2.0
// From a change to its tar entry. What is gone becomes a whiteout; hard links stay links among what changed.
#include "image/changes/layer.h"

#include <algorithm>
#include <map>

#include "estiva/base/text.h"
#include "image/tar/writer.h"

namespace estiva::image {

namespace {

constexpr size_t kPiece = 1 << 20;
constexpr std::string_view kWhiteout = ".wh.";

class LayerMaker {
 public:
  // `sizes_only`: no file is read, zeros stand for what is in it.
  LayerMaker(const Comparison& comparison, const LayerOptions& options, tar::Writer::Output output,
             bool sizes_only)
      : comparison_(comparison),
        options_(options),
        writer_(std::move(output)),
        sizes_only_(sizes_only),
        piece_(kPiece, '\0') {}

  Result<void> run() {
    TRY(compare(comparison_, [this](const Change& change) { return add(change); }));
    return writer_.offset() == 0 ? Result<void>() : writer_.finish();
  }
  std::vector<std::string> warnings() { return std::move(warnings_); }

 private:
  Result<void> add(const Change& change) {
    if (is_skipped(change)) return {};
    if (options_.visit) TRY(options_.visit(change));
    Result<void> added = change.after != nullptr ? add_entry(change) : add_whiteout(change.path);
    return std::move(added).context([&] { return text::quote(change.path); });
  }

  bool is_skipped(const Change& change) {
    const std::string& path = change.path;
    if (!skipped_.empty() && path.starts_with(skipped_)) return true;
    if (path.compare(path.rfind('/') + 1, kWhiteout.size(), kWhiteout) != 0) return false;
    warn(path, "has a name that means a deletion in a layer; it is left out");
    skipped_ = path + "/";
    return true;
  }

  Result<void> add_whiteout(const std::string& path) {
    const size_t slash = path.rfind('/');
    tar::Entry entry;
    entry.path = text::cat(std::string_view(path).substr(1, slash), kWhiteout, path.substr(slash + 1));
    entry.permissions = 0600;
    return writer_.add(entry);
  }

  Result<void> add_entry(const Change& change) {
    const Found& found = *change.after;
    const Attributes& attributes = found.attributes;
    if (S_ISSOCK(attributes.mode)) {
      warn(change.path, "is a socket; layers have none");
      return {};
    }
    tar::Entry entry = entry_of(attributes);
    entry.path = change.path == "/" ? "." : change.path.substr(1);
    if (entry.kind == tar::Kind::kDirectory) entry.path += '/';
    if (!attributes.is_directory() && attributes.links > 1 && is_link(attributes.inode, entry))
      return writer_.add(entry);
    entry.xattrs = TRY(comparison_.after.xattrs(found));
    if (entry.kind == tar::Kind::kSymlink) {
      std::optional<std::string> target = TRY(comparison_.after.link(found));
      if (!target) return {};
      entry.link = std::move(*target);
    }
    if (entry.kind == tar::Kind::kFile) return add_file(found, std::move(entry), change.path);
    return writer_.add(entry);
  }

  tar::Entry entry_of(const Attributes& attributes) const {
    tar::Entry entry;
    entry.kind = tar::kind_of(attributes.mode);
    entry.permissions = attributes.mode & 07777;
    entry.uid = attributes.uid;
    entry.gid = attributes.gid;
    entry.mtime = options_.newest ? std::min(attributes.mtime, *options_.newest) : attributes.mtime;
    entry.major = attributes.major;
    entry.minor = attributes.minor;
    return entry;
  }

  // Another name of the inode is in this layer: the entry is a link to it.
  bool is_link(uint64_t inode, tar::Entry& entry) {
    const auto [first, is_first] = first_names_.emplace(inode, entry.path);
    if (is_first) return false;
    entry.kind = tar::Kind::kHardLink;
    entry.link = first->second;
    return true;
  }

  // The header has the size; who writes to the file meanwhile must not break the archive.
  Result<void> add_file(const Found& found, tar::Entry entry, const std::string& path) {
    const std::optional<Content> content = TRY(comparison_.after.content(found));
    if (!content) {  // gone since the directory was read
      first_names_.erase(found.attributes.inode);
      return {};
    }
    entry.size = content->size;
    TRY(writer_.add(entry));
    if (sizes_only_) return add_zeros(entry.size);
    for (uint64_t done = 0; done < entry.size;) {
      const size_t want = static_cast<size_t>(std::min<uint64_t>(entry.size - done, kPiece));
      const size_t count =
          TRY(sys::pread(content->file, piece_.data(), want, static_cast<off_t>(content->offset + done)));
      if (count == 0) {
        warn(path, "became shorter while it was read; the rest is zero");
        std::ranges::fill(piece_, '\0');
        return add_zeros(entry.size - done);
      }
      TRY(writer_.data(std::string_view(piece_).substr(0, count)));
      done += count;
    }
    if (static_cast<uint64_t>(TRY(sys::fstat(content->file)).st_size) > entry.size)
      warn(path, "became longer while it was read; what came later is left out");
    return {};
  }

  Result<void> add_zeros(uint64_t size) {
    for (; size > 0; size -= std::min<uint64_t>(size, kPiece))
      TRY(writer_.data(std::string_view(piece_).substr(0, std::min<uint64_t>(size, kPiece))));
    return {};
  }

  void warn(const std::string& path, std::string_view what) {
    warnings_.push_back(text::cat(text::quote(path), " ", what));
  }

  const Comparison& comparison_;
  const LayerOptions& options_;
  tar::Writer writer_;
  bool sizes_only_;
  std::string piece_;
  std::map<uint64_t, std::string> first_names_;  // of inodes with several names
  std::string skipped_;                          // a directory that is left out, with its slash
  std::vector<std::string> warnings_;
};

}  // namespace

Result<MadeLayer> make_layer(Session& session, const Comparison& comparison, const LayerOptions& options) {
  std::optional<LayerDownload> layer;  // from the first change on
  const auto write = [&](std::string_view piece) -> Result<void> {
    if (!layer) layer.emplace(TRY(session.begin_own_layer()));
    return layer->write(piece);
  };
  LayerMaker maker(comparison, options, write, false);
  Result<void> done = maker.run();
  if (!done.ok()) {
    if (layer) TRY(layer->discard());
    return std::move(done).error();
  }
  MadeLayer out;
  out.warnings = maker.warnings();
  if (layer) out.record = TRY(layer->finish());
  return out;
}

Result<PlannedLayer> plan_layer(const Comparison& comparison, const LayerOptions& options) {
  PlannedLayer out;
  const auto count = [&](std::string_view piece) -> Result<void> {
    out.size += piece.size();
    return {};
  };
  LayerMaker maker(comparison, options, count, true);
  TRY(maker.run());
  out.warnings = maker.warnings();
  return out;
}

}  // namespace estiva::image
