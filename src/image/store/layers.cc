// SPDX-License-Identifier: Apache-2.0
// The store's layers: found, trusted or read again, removed when damaged.
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>

#include "estiva/base/sys_data.h"
#include "estiva/base/sys_process.h"
#include "estiva/base/text.h"
#include "estiva/base/undo.h"
#include "image/layers/ingest.h"
#include "image/store/collect.h"
#include "image/store/store.h"

namespace estiva::image {

namespace {

constexpr const char* kRecord = "record.json";
constexpr size_t kPiece = 1 << 20;

Result<Fd> open_layer(const Store& store, const Digest& diff_id) {
  return sys::open(store.path(place::kLayers, object_name(diff_id)), O_RDONLY | O_DIRECTORY);
}

// The tar once more, through all that an arriving layer goes through; what that makes lies in `fresh`.
Result<LayerFacts> read_again(FdView layer, FdView fresh, const Digest& diff_id) {
  const Fd tar = TRY(sys::openat(layer, "tar", O_RDONLY));
  LayerIngest ingest = TRY(LayerIngest::begin(
      fresh, {.keep_tar = false, .limit = UINT64_MAX, .diff_algorithm = diff_id.algorithm()}));
  std::string piece(kPiece, '\0');
  for (;;) {
    const size_t count = TRY(sys::read(tar, piece.data(), piece.size()));
    if (count == 0) return ingest.finish();
    TRY(ingest.write(std::string_view(piece).substr(0, count)));
  }
}

Result<void> sync_layer(FdView layer) {
  for (const std::string& name : TRY(files::list(layer))) {
    const Fd file = TRY(sys::openat(layer, name, O_RDONLY));
    TRY(sys::fdatasync(file));
  }
  return sys::fsync(layer);
}

Error damaged(const Digest& diff_id, std::string_view why) {
  return Error(Code::kInternal, text::cat("the layer is damaged: ", why))
      .object(diff_id.to_string())
      .hint("it was removed: fetch or load the image again");
}

}  // namespace

Result<void> Store::write_layer_record(const LayerRecord& record) const {
  const Fd layer = TRY(open_layer(*this, record.diff_id));
  return write_record(layer, kRecord, record);
}

LayerData Store::layer_data(const LayerRecord& layer) const {
  const std::string base = path(place::kLayers, object_name(layer.diff_id));
  return {text::cat(base, "/tar"), 0, layer.sparse_size == 0 ? "" : text::cat(base, "/sparse")};
}

Result<Fd> Store::open_tar(const Digest& diff_id) const {
  return sys::openat(TRY(open_layer(*this, diff_id)), "tar", O_RDONLY);
}

Result<EntryFile> Store::open_entries(const Digest& diff_id) const {
  const Fd layer = TRY(open_layer(*this, diff_id));
  return EntryFile::open(TRY(sys::openat(layer, "entries", O_RDONLY)));
}

Result<std::optional<LayerRecord>> Store::find_layer(const Digest& diff_id) const {
  const Result<Fd> layer = open_layer(*this, diff_id);
  if (!layer.ok()) {
    if (layer.error().errnum() == ENOENT) return std::optional<LayerRecord>();
    return open_layer(*this, diff_id).error();
  }
  Result<LayerRecord> record = read_record<LayerRecord>(layer.value(), kRecord);
  if (record.ok() && record.value().synced) return std::optional(std::move(record).value());
  TRY(verify_layer(diff_id));
  return std::optional(TRY(read_record<LayerRecord>(layer.value(), kRecord)));
}

Result<void> Store::verify_layer(const Digest& diff_id) const {
  const Fd layer = TRY(open_layer(*this, diff_id));
  TRY(sys::flock(layer, LOCK_EX));  // another command may be at the same
  Result<LayerRecord> known = read_record<LayerRecord>(layer, kRecord);
  LayerRecord record = known.ok() ? std::move(known).value() : LayerRecord{.diff_id = diff_id};
  const Fd ingest = TRY(open_dir(place::kIngest));
  const std::string name = work_name("verify");
  TRY(files::remove_tree(ingest, name));
  TRY(sys::mkdirat(ingest, name, 0700));
  const Undo remove([&] { (void)files::remove_tree(ingest, name); });
  const Fd fresh = TRY(sys::openat(ingest, name, O_RDONLY | O_DIRECTORY));
  Result<LayerFacts> facts = read_again(layer, fresh, diff_id);
  if (!facts.ok() || facts.value().diff_id != diff_id) {
    const std::string why = facts.ok() ? "its content has another digest" : facts.error().to_string();
    TRY(move_to_trash(*this, place::kLayers, object_name(diff_id)));
    TRY(empty_trash(*this));
    return damaged(diff_id, why);
  }
  for (const char* made : {"entries", "sparse"}) {
    if (std::string_view(made) == "sparse" && facts.value().sparse_size == 0) continue;
    TRY(sys::renameat(fresh, made, layer, made));
  }
  TRY(sync_layer(layer));
  record.size = facts.value().tar_size;
  record.sparse_size = facts.value().sparse_size;
  record.entries = facts.value().entries;
  record.synced = true;
  return write_record(layer, kRecord, record);
}

}  // namespace estiva::image
