// SPDX-License-Identifier: Apache-2.0
// Sessions: leases, blobs, images. Layers on their way in are in download.cc.
#include "image/store/session.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>

#include "estiva/base/sys_data.h"
#include "estiva/base/sys_process.h"
#include "estiva/base/text.h"

namespace estiva::image {

namespace {

int64_t now() { return ::time(nullptr); }

Error gone(const Digest& digest) {
  return Error(Code::kNotFound, "another command has removed it meanwhile").object(digest.to_string());
}

}  // namespace

Result<Session> Session::begin(const Store& store) {
  Session session(store);
  const Fd dir = TRY(store.open_dir(place::kLeases));
  for (unsigned number = 0;; ++number) {
    session.lease_name_ = text::cat(sys::getpid(), "-", number);
    Result<Fd> file = sys::openat(dir, session.lease_name_, O_RDWR | O_CREAT | O_APPEND, 0600);
    session.lease_ = TRY(std::move(file));
    const Result<void> locked = sys::flock(session.lease_, LOCK_EX | LOCK_NB);
    if (!locked.ok()) continue;  // another session of this process, or of this number
    // Who cleans up may have removed the file between open and lock.
    const Result<struct stat> there = sys::fstatat(dir, session.lease_name_, 0);
    const struct stat info = TRY(sys::fstat(session.lease_));
    if (!there.ok() || there.value().st_ino != info.st_ino) continue;
    // Of one that was killed. What was cut off even if it was empty, ext4 writes to the disk as soon as it is closed.
    if (info.st_size > 0) TRY(sys::ftruncate(session.lease_, 0));
    return session;
  }
}

Session::~Session() {
  if (!lease_.valid()) return;
  const Result<Fd> dir = store_->open_dir(place::kLeases);
  if (dir.ok()) (void)sys::unlinkat(dir.value(), lease_name_);
}

Result<void> Session::lease(const Digest& digest) {
  return sys::write_all(lease_, text::cat(digest.to_string(), "\n"));
}

Result<std::optional<LayerRecord>> Session::use_layer(const Digest& diff_id) {
  {
    const Fd lock = TRY(store_->lock(LOCK_SH));
    TRY(lease(diff_id));
  }
  return store_->find_layer(diff_id);
}

Result<Digest> Session::put_blob(std::string_view content, Algorithm algorithm) {
  const Digest digest = digest_of(content, algorithm);
  documents_[place::kBlobs].insert(object_name(digest));
  const Fd lock = TRY(store_->lock(LOCK_SH));
  TRY(lease(digest));
  if (store_->has_blob(digest) && store_->read_blob(digest).ok()) return digest;
  const Fd dir = TRY(store_->open_dir(place::kBlobs));
  // Two processes may write the same at once, so each has a temporary name of its own.
  const std::string name = object_name(digest), temporary = text::cat(".", lease_name_, "-", name);
  const auto write = [&]() -> Result<void> {
    const Fd file = TRY(sys::openat(dir, temporary, O_WRONLY | O_CREAT | O_TRUNC, 0600));
    TRY(sys::write_all(file, content));
    return sys::renameat(dir, temporary, dir, name);
  };
  Result<void> written = write();
  if (!written.ok()) (void)sys::unlinkat(dir, temporary);
  TRY(std::move(written).context([&] { return text::cat("blob ", digest.short_hex()); }));
  return digest;
}

Result<ImageRecord> Session::add_image(const NewImage& image) {
  ImageRecord record{.manifest = image.manifest,
                     .config = image.config,
                     .diff_ids = image.diff_ids,
                     .blobs = image.blobs,
                     .created = image.created,
                     .added = now()};
  const Fd lock = TRY(store_->lock(LOCK_EX));
  for (const Digest& diff_id : image.diff_ids) {
    const Fd layers = TRY(store_->open_dir(place::kLayers));
    const Result<LayerRecord> layer =
        read_record<LayerRecord>(layers, text::cat(object_name(diff_id), "/record.json"));
    if (!layer.ok()) return gone(diff_id);
    record.size += layer.value().size;
  }
  for (const Digest& digest : {image.manifest.digest, image.config}) {
    if (!store_->has_blob(digest)) return gone(digest);
    documents_[place::kBlobs].insert(object_name(digest));
  }
  const Fd images = TRY(store_->open_dir(place::kImages));
  const std::string file = text::cat(object_name(image.manifest.digest), ".json");
  documents_[place::kImages].insert(file);
  TRY(write_record(images, file, record));
  for (const std::string& name : image.names) {
    documents_[place::kNames].insert(name_file(name));
    TRY(store_->set_name(
        {name, image.manifest.digest, image.target.empty() ? image.manifest.digest : image.target, now()}));
  }
  return record;
}

// The order matters to nobody: whatever a crash leaves is found out by digest or by its record.
Result<void> Session::sync() {
  for (const Digest& diff_id : brought_) {
    const Result<Fd> layer =
        sys::open(store_->path(place::kLayers, object_name(diff_id)), O_RDONLY | O_DIRECTORY);
    if (!layer.ok()) continue;  // removed again meanwhile
    for (const char* name : {"tar", "entries", "sparse"}) {
      const Result<Fd> file = sys::openat(layer.value(), name, O_RDONLY);
      if (file.ok()) TRY(sys::fdatasync(file.value()));
    }
    TRY(sys::fsync(layer.value()));
    Result<LayerRecord> record = read_record<LayerRecord>(layer.value(), "record.json");
    if (!record.ok()) continue;
    record.value().synced = true;
    // Without the mark (the disk may be full) the layer is read again at its next use, and that is all.
    (void)write_record(layer.value(), "record.json", record.value());
  }
  for (const auto& [place, names] : documents_) {
    const Fd dir = TRY(store_->open_dir(place));
    for (const std::string& name : names) {
      const Result<Fd> file = sys::openat(dir, name, O_RDONLY);
      if (file.ok()) TRY(sys::fdatasync(file.value()));
    }
    TRY(sys::fsync(dir));
  }
  documents_.clear();
  brought_.clear();
  return {};
}

}  // namespace estiva::image
