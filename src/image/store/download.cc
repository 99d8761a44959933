// SPDX-License-Identifier: Apache-2.0
// A layer on its way in: ingest/<digest>.part keeps what has come of its compressed form, ingest/<digest>.new is the
// layer in the making. Both belong to who holds the lock of the .lock file.
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>

#include "estiva/base/sys_copy.h"
#include "estiva/base/sys_data.h"
#include "estiva/base/text.h"
#include "image/store/collect.h"
#include "image/store/session.h"

namespace estiva::image {

namespace {

constexpr size_t kPiece = 1 << 20;
constexpr uint64_t kReserve = 64 << 20;  // bytes of the disk that stay free

Error mismatch(std::string_view what, const Digest& wanted, const Digest& found) {
  return Error(Code::kInvalid, text::cat("what came has another ", what, ": ", found.to_string()))
      .object(wanted.to_string());
}

// Opened and locked, and still the file of that name: who cleans up removes only what it could lock.
Result<Fd> lock_file(FdView dir, const std::string& name, int operation) {
  for (;;) {
    Fd file = TRY(sys::openat(dir, name, O_RDWR | O_CREAT, 0600));
    TRY(sys::flock(file, operation));
    const Result<struct stat> there = sys::fstatat(dir, name, 0);
    if (there.ok() && there.value().st_ino == TRY(sys::fstat(file)).st_ino) return file;
  }
}

}  // namespace

Result<LayerDownload> Session::prepare(const Descriptor& blob, const Digest& diff_id) const {
  LayerDownload download;
  download.blob_ = blob;
  download.diff_id_ = diff_id;
  download.keeps_part_ = !blob.digest.empty() && blob.digest != diff_id;
  const Digest& key = blob.digest.empty() ? diff_id : blob.digest;
  download.name_ = key.empty() ? text::cat("local-", lease_name_, "-", brought_.size()) : object_name(key);
  return download;
}

Result<void> Session::open_download(LayerDownload& download) {
  download.session_ = this;
  if (!download.diff_id_.empty() && TRY(use_layer(download.diff_id_))) {
    download.complete_ = true;
    return download.discard();
  }
  TRY(download.open_work());
  if (!download.keeps_part_) return {};
  const Fd ingest = TRY(store_->open_dir(place::kIngest));
  download.part_ = TRY(sys::openat(ingest, text::cat(download.name_, ".part"), O_RDWR | O_CREAT, 0600));
  return download.replay();
}

Result<LayerDownload> Session::begin_layer(const Descriptor& blob, const Digest& diff_id) {
  LayerDownload download = TRY(prepare(blob, diff_id));
  const Fd ingest = TRY(store_->open_dir(place::kIngest));
  download.lock_ = TRY(lock_file(ingest, text::cat(download.name_, ".lock"), LOCK_EX));
  TRY(open_download(download));
  return download;
}

Result<Session::Layer> Session::try_layer(const Descriptor& blob, const Digest& diff_id,
                                          std::optional<LayerDownload>& download) {
  if (!diff_id.empty() && TRY(use_layer(diff_id))) return Layer::kThere;
  download.emplace(TRY(prepare(blob, diff_id)));
  const Fd ingest = TRY(store_->open_dir(place::kIngest));
  Result<Fd> lock = lock_file(ingest, text::cat(download->name_, ".lock"), LOCK_EX | LOCK_NB);
  if (!lock.ok() && lock.error().errnum() == EWOULDBLOCK) {
    download.reset();
    return Layer::kElsewhere;
  }
  download->lock_ = TRY(std::move(lock));
  TRY(open_download(*download));
  return download->complete_ ? Layer::kThere : Layer::kOurs;
}

uint64_t Session::arrived(const Digest& blob) const {
  const Result<Fd> ingest = store_->open_dir(place::kIngest);
  if (!ingest.ok()) return 0;
  const Result<struct stat> part = sys::fstatat(ingest.value(), text::cat(object_name(blob), ".part"), 0);
  return part.ok() ? static_cast<uint64_t>(part.value().st_size) : 0;
}

Result<LayerDownload> Session::begin_own_layer() {
  LayerDownload layer = TRY(prepare({}, {}));
  layer.session_ = this;
  layer.plain_ = true;
  const Fd ingest = TRY(store_->open_dir(place::kIngest));
  layer.lock_ = TRY(lock_file(ingest, text::cat(layer.name_, ".lock"), LOCK_EX));
  TRY(layer.open_work());
  return layer;
}

Result<void> LayerDownload::open_work() {
  const Store& store = session_->store();
  const Fd ingest = TRY(store.open_dir(place::kIngest));
  const std::string name = text::cat(name_, ".new");
  TRY(files::remove_tree(ingest, name));  // of one that was killed
  TRY(sys::mkdirat(ingest, name, 0700));
  work_ = TRY(sys::openat(ingest, name, O_RDONLY | O_DIRECTORY));
  const uint64_t space = TRY(sys::free_space(work_));
  IngestOptions options{.plain = plain_, .limit = space > kReserve ? space - kReserve : 0};
  if (!blob_.digest.empty()) options.blob_algorithm = blob_.digest.algorithm();
  if (!diff_id_.empty()) options.diff_algorithm = diff_id_.algorithm();
  ingest_ = TRY(LayerIngest::begin(work_, options));
  return {};
}

// What an earlier command got goes the same way as what is to come.
Result<void> LayerDownload::replay() {
  std::string piece(kPiece, '\0');
  for (;;) {
    const size_t count = TRY(sys::read(part_, piece.data(), piece.size()));
    if (count == 0) return {};
    offset_ += count;
    Result<void> written = ingest_->write(std::string_view(piece).substr(0, count));
    if (!written.ok() && written.error().errnum() != 0) return written;  // the disk's fault
    if (!written.ok() || (blob_.size > 0 && offset_ > static_cast<uint64_t>(blob_.size))) return restart();
  }
}

Result<void> LayerDownload::restart() {
  ingest_.reset();
  offset_ = 0;
  if (part_.valid()) {
    TRY(sys::ftruncate(part_, 0));
    TRY(sys::lseek(part_, 0, SEEK_SET));
  }
  return open_work();
}

Result<void> LayerDownload::write(std::string_view piece) {
  offset_ += piece.size();
  if (blob_.size > 0 && offset_ > static_cast<uint64_t>(blob_.size)) {
    const Error error =
        Error(Code::kInvalid, text::cat("more comes than the ", blob_.size, " bytes that it has"))
            .object(blob_.digest.to_string());
    TRY(discard());
    return Error::from_parts(error.parts());
  }
  if (part_.valid()) TRY(sys::write_all(part_, piece));
  Result<void> written = ingest_->write(piece);
  // The same bytes would break it again; but not where it was the disk that had no room.
  if (!written.ok() && written.error().errnum() == 0) TRY(discard());
  return written;
}

Result<void> LayerDownload::drop_work() {
  ingest_.reset();
  const Fd ingest = TRY(session_->store().open_dir(place::kIngest));
  return files::remove_tree(ingest, text::cat(name_, ".new"));
}

Result<void> LayerDownload::discard() {
  TRY(drop_work());
  const Fd ingest = TRY(session_->store().open_dir(place::kIngest));
  for (const char* suffix : {".part", ".lock"}) (void)sys::unlinkat(ingest, text::cat(name_, suffix));
  lock_ = Fd();  // what has these names from now on is another's
  return {};
}

LayerDownload::~LayerDownload() {
  if (!lock_.valid()) return;
  if (part_.valid() && offset_ > 0) {
    (void)drop_work();
  } else {
    (void)discard();
  }
}

Result<LayerRecord> LayerDownload::finish() {
  Result<LayerFacts> done = ingest_->finish();
  if (!done.ok()) {
    TRY(discard());
    return std::move(done).error();
  }
  const LayerFacts& facts = done.value();
  const bool wrong_blob = !blob_.digest.empty() && facts.blob != blob_.digest;
  if (wrong_blob || (!diff_id_.empty() && facts.diff_id != diff_id_)) {
    TRY(discard());
    return wrong_blob ? mismatch("digest", blob_.digest, facts.blob)
                      : mismatch("diffID", diff_id_, facts.diff_id);
  }
  ingest_.reset();
  LayerRecord record{.diff_id = facts.diff_id,
                     .size = facts.tar_size,
                     .sparse_size = facts.sparse_size,
                     .entries = facts.entries};
  if (facts.compression != Compression::kNone || blob_.digest.empty() == false) {
    record.blobs.push_back({.media_type = blob_.media_type,
                            .digest = facts.blob,
                            .size = static_cast<int64_t>(facts.blob_size)});
  }
  TRY(session_->install(text::cat(name_, ".new"), record));
  TRY(discard());
  complete_ = true;
  return record;
}

// The finished directory becomes the layer, unless another command was faster.
Result<void> Session::install(const std::string& work, const LayerRecord& record) {
  const Fd ingest = TRY(store_->open_dir(place::kIngest));
  const Fd layers = TRY(store_->open_dir(place::kLayers));
  const Fd made = TRY(sys::openat(ingest, work, O_RDONLY | O_DIRECTORY));
  TRY(write_record(made, "record.json", record));
  const Fd lock = TRY(store_->lock(LOCK_SH));
  TRY(lease(record.diff_id));
  Result<void> renamed = sys::rename_new(ingest, work, layers, object_name(record.diff_id));
  // The one that is there may be damaged; then it goes, and this one takes its place.
  if (!renamed.ok() && renamed.error().errnum() == EEXIST && !store_->find_layer(record.diff_id).ok())
    renamed = sys::rename_new(ingest, work, layers, object_name(record.diff_id));
  if (!renamed.ok() && renamed.error().errnum() != EEXIST) return renamed;
  brought_.push_back(record.diff_id);
  return {};
}

}  // namespace estiva::image
