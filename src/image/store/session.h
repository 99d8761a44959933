// SPDX-License-Identifier: Apache-2.0
// Session: one command that adds to the store. It holds a lease on what it has brought or counts on, so that another
// command's clean-up leaves that alone until an image refers to it. A killed session's lease is void at once (flock).
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "estiva/base/error.h"
#include "image/layers/ingest.h"
#include "image/store/store.h"

namespace estiva::image {

class LayerDownload;

class Session {
 public:
  static Result<Session> begin(const Store& store);
  Session(Session&&) noexcept = default;
  Session& operator=(Session&& other) = delete;
  ~Session();

  const Store& store() const { return *store_; }

  // The layer, if it is there; it stays for as long as the session. What is not known to be on disk is read again.
  Result<std::optional<LayerRecord>> use_layer(const Digest& diff_id);
  // A layer to come, by the digest and size of its compressed form and its diffID; either digest may be empty where
  // nobody knows it yet. Waits for another command that is fetching the same.
  Result<LayerDownload> begin_layer(const Descriptor& blob, const Digest& diff_id);
  enum class Layer {
    kThere,
    kElsewhere,  // another command is fetching it
    kOurs,       // `download` is ready
  };
  // The same without the wait.
  Result<Layer> try_layer(const Descriptor& blob, const Digest& diff_id,
                          std::optional<LayerDownload>& download);
  // Bytes of the compressed form that have come so far, whoever fetches it.
  uint64_t arrived(const Digest& blob) const;
  // A layer that is made here: a plain tar whose digest its maker learns from finish().
  Result<LayerDownload> begin_own_layer();
  // Content that was checked against its digest, or is ours.
  Result<Digest> put_blob(std::string_view content, Algorithm algorithm = Algorithm::kSha256);

  struct NewImage {
    Descriptor manifest;
    Digest config;
    std::vector<Digest> diff_ids;
    std::vector<Digest> blobs;       // the index that it was chosen from
    std::vector<std::string> names;  // full references
    Digest target;                   // what these names meant where they came from; empty: the manifest
    std::string created;
  };
  // From here on the image is there, with its names. Its layers and blobs are there already, by this session.
  Result<ImageRecord> add_image(const NewImage& image);

  // Writes what this session brought to disk and marks its layers so; nothing where it brought nothing. Nothing depends on
  // it but the next start after a crash: it may come after the image is in use.
  Result<void> sync();

 private:
  friend class LayerDownload;
  explicit Session(const Store& store) : store_(&store) {}
  Result<void> lease(const Digest& digest);
  Result<void> install(const std::string& work, const LayerRecord& record);
  Result<LayerDownload> prepare(const Descriptor& blob, const Digest& diff_id) const;
  Result<void> open_download(LayerDownload& download);

  const Store* store_;
  std::string lease_name_;
  Fd lease_;
  // By place: files that were written or counted on since the last sync.
  std::map<const char*, std::set<std::string>> documents_;
  std::vector<Digest> brought_;  // layers
  std::vector<Digest> trusted_;  // layers that this process has hashed
};

// A layer on its way in. What has come of it stays when the command is interrupted: the next one begins behind it.
class LayerDownload {
 public:
  // It is there (again): another command was faster. Nothing is to be written.
  bool complete() const { return complete_; }
  // Bytes of the compressed form that are here from an earlier command. The next write() is what follows them.
  uint64_t offset() const { return offset_; }
  // Throws away what an earlier command left, where the server can't continue it.
  Result<void> restart();
  Result<void> write(std::string_view piece);
  // Both digests are right, or the error says which is not and nothing of it is left.
  Result<LayerRecord> finish();
  // In place of finish(): nothing of it is left.
  Result<void> discard();
  LayerDownload(LayerDownload&&) noexcept = default;
  // Without either: what has been made of it goes, what has come stays for the next command.
  ~LayerDownload();

 private:
  friend class Session;
  LayerDownload() = default;
  Result<void> open_work();
  Result<void> drop_work();
  Result<void> replay();

  Session* session_ = nullptr;
  Descriptor blob_;
  Digest diff_id_;
  bool complete_ = false;
  bool keeps_part_ = false;
  bool plain_ = false;
  std::string name_;  // of its files in ingest/
  Fd lock_, part_, work_;
  uint64_t offset_ = 0;
  std::optional<LayerIngest> ingest_;
};

}  // namespace estiva::image
