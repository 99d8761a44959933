// SPDX-License-Identifier: Apache-2.0
// The two halves of an ingest: hash and decompress on the caller's thread; hash, write and read the tar on the other.
#include "image/layers/ingest.h"

#include <fcntl.h>

#include <optional>

#include "estiva/base/sys_data.h"
#include "estiva/base/text.h"
#include "image/layers/entry_file.h"
#include "image/layers/tree.h"
#include "image/tar/reader.h"
#include "image/worker.h"

namespace estiva::image {

namespace {

constexpr size_t kPiece = 256 << 10;
constexpr uint64_t kPage = 4096;
constexpr uint64_t kWriteBehind = 8 << 20;          // bytes
constexpr uint64_t kMaxSparse = uint64_t{1} << 40;  // bytes of a layer's sparse files, holes counted
constexpr size_t kMaxXattrs = 128 << 10;            // bytes of one file's
constexpr size_t kMaxLink = 4095;

bool is_kept(std::string_view name) {
  if (name == "security.selinux") return false;  // the host's policy decides
  // Would be orders to the overlay above (CVE-2023-2640 and its kin).
  if (name.starts_with("trusted.overlay.") || name.starts_with("user.overlay.")) return false;
  return name.starts_with("user.") || name.starts_with("trusted.") || name.starts_with("security.") ||
         name == "system.posix_acl_access" || name == "system.posix_acl_default";
}

Error wrong(std::string_view rule) { return Error(Code::kInvalid, std::string(rule)); }

// The half that sees the tar.
struct TarHalf {
  Fd tar, entries_file, sparse;
  Hasher hasher;
  EntryWriter entries;
  tar::Reader reader;
  FdView dir;
  uint64_t limit, size = 0, sparse_size = 0;
  // The disk begins at once: whoever makes a layer here waits until it is safe. After a pull nobody does.
  bool write_behind;
  uint64_t begun = 0;  // bytes that the disk has been told of
  // Of the sparse file that passes by.
  std::vector<tar::Extent> extents;
  size_t extent = 0;
  uint64_t written = 0, sparse_base = 0;

  TarHalf(FdView directory, Fd tar_file, Fd list, const IngestOptions& options)
      : tar(std::move(tar_file)),
        entries_file(std::move(list)),
        hasher(options.diff_algorithm),
        entries(entries_file),
        reader({[this](tar::Entry& entry) { return add(entry); },
                [this](std::string_view piece) { return add_data(piece); }, nullptr}),
        dir(directory),
        limit(options.limit),
        write_behind(options.plain) {}

  Result<void> consume(std::string_view piece) {
    size += piece.size();
    if (size > limit) {
      return Error(Code::kInvalid,
                   text::cat("the layer unpacks to more than the ", limit, " bytes that are free"))
          .hint("make room, or look whether it is what it claims to be");
    }
    hasher.update(piece);
    if (tar.valid()) TRY(write_tar(piece));
    return reader.write(piece);
  }

  Result<void> write_tar(std::string_view piece) {
    TRY(sys::write_all(tar, piece));
    if (!write_behind || size - begun < kWriteBehind) return {};
    // A mere hint: a file system without it is written at the end.
    (void)sys::start_writing(tar, static_cast<off_t>(begun), static_cast<off_t>(size - begun));
    begun = size;
    return {};
  }

  Result<void> add(tar::Entry& entry) {
    Result<void> added = check_and_add(entry);
    if (added.ok() || !added.error().parts().object.empty()) return added;
    return std::move(added).error().object(text::cat("layer entry ", text::quote(entry.path)));
  }

  Result<void> check_and_add(tar::Entry& entry) {
    TRY(split_path(entry.path));
    const bool is_link = entry.kind == tar::Kind::kSymlink || entry.kind == tar::Kind::kHardLink;
    if (is_link && (entry.link.empty() || entry.link.size() > kMaxLink))
      return wrong(entry.link.empty() ? "it is a link to nothing" : "the target of the link is too long");
    if (!is_link) entry.link.clear();
    std::erase_if(entry.xattrs, [](const auto& xattr) { return !is_kept(xattr.first); });
    size_t bytes = 0;
    for (const auto& [name, value] : entry.xattrs) bytes += name.size() + value.size() + 8;
    if (bytes > kMaxXattrs) return wrong("its extended attributes take more than 128 KiB");
    extents.clear();
    uint64_t offset = entry.data_offset;
    if (entry.sparse) offset = TRY(begin_sparse(entry));
    return entries.add(entry, offset);
  }

  Result<uint64_t> begin_sparse(const tar::Entry& entry) {
    if (!sparse.valid()) sparse = TRY(sys::openat(dir, "sparse", O_RDWR | O_CREAT | O_EXCL, 0600));
    sparse_base = sparse_size;
    if (entry.size > kMaxSparse - sparse_base) return wrong("the layer's sparse files take more than 1 TiB");
    sparse_size += (entry.size + kPage - 1) / kPage * kPage;
    TRY(sys::ftruncate(sparse, static_cast<off_t>(sparse_size)));
    extents = entry.extents;
    extent = 0;
    written = 0;
    return sparse_base;
  }

  Result<void> add_data(std::string_view piece) {
    while (!piece.empty() && extent < extents.size()) {
      const tar::Extent& at = extents[extent];
      const size_t count = static_cast<size_t>(std::min<uint64_t>(at.size - written, piece.size()));
      TRY(sys::pwrite_all(sparse, piece.substr(0, count),
                          static_cast<off_t>(sparse_base + at.offset + written)));
      piece.remove_prefix(count);
      written += count;
      if (written < at.size) continue;
      ++extent;
      written = 0;
    }
    return {};
  }

  Result<void> finish() {
    TRY(reader.finish());
    return entries.finish();
  }
};

}  // namespace

struct LayerIngest::State {
  std::unique_ptr<TarHalf> tar;
  std::optional<Worker> worker;
  AutoDecoder decoder;
  bool is_plain = false;
  Hasher blob;
  uint64_t blob_size = 0;
  std::string piece;

  Result<void> collect(std::string_view plain) {
    while (!plain.empty()) {
      const size_t count = std::min(kPiece - piece.size(), plain.size());
      piece += plain.substr(0, count);
      plain.remove_prefix(count);
      if (piece.size() == kPiece) TRY(worker->give(piece));
    }
    return {};
  }
};

LayerIngest::LayerIngest(std::unique_ptr<State> state) : state_(std::move(state)) {}
LayerIngest::LayerIngest(LayerIngest&&) noexcept = default;
LayerIngest& LayerIngest::operator=(LayerIngest&&) noexcept = default;
LayerIngest::~LayerIngest() = default;

Result<LayerIngest> LayerIngest::begin(FdView dir, const IngestOptions& options) {
  constexpr int kNew = O_RDWR | O_CREAT | O_EXCL;
  Fd tar;
  if (options.keep_tar) tar = TRY(sys::openat(dir, "tar", kNew, 0600));
  Fd list = TRY(sys::openat(dir, "entries", kNew, 0600));
  auto state = std::make_unique<State>();
  state->tar = std::make_unique<TarHalf>(dir, std::move(tar), std::move(list), options);
  state->is_plain = options.plain;
  state->blob = Hasher(options.blob_algorithm);
  state->worker =
      TRY(Worker::start([half = state->tar.get()](std::string_view piece) { return half->consume(piece); }));
  return LayerIngest(std::move(state));
}

Result<void> LayerIngest::write(std::string_view piece) {
  State& state = *state_;
  state.blob_size += piece.size();
  if (state.is_plain) return state.collect(piece);
  state.blob.update(piece);
  return state.decoder.write(piece, [&](std::string_view plain) { return state.collect(plain); });
}

Result<LayerFacts> LayerIngest::finish() {
  State& state = *state_;
  if (!state.is_plain)
    TRY(state.decoder.finish([&](std::string_view plain) { return state.collect(plain); }));
  if (!state.piece.empty()) TRY(state.worker->give(state.piece));
  TRY(state.worker->finish());
  TarHalf& tar = *state.tar;
  TRY(tar.finish());
  return LayerFacts{.blob = state.is_plain ? Digest() : state.blob.finish(),
                    .diff_id = tar.hasher.finish(),
                    .blob_size = state.blob_size,
                    .tar_size = tar.size,
                    .sparse_size = tar.sparse_size,
                    .entries = tar.entries.count(),
                    .compression = state.is_plain ? Compression::kNone : state.decoder.compression()};
}

}  // namespace estiva::image
