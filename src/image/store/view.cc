// SPDX-License-Identifier: Apache-2.0
// Trees and indexes from the store's layers.
#include "image/store/view.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>

#include "estiva/base/identity.h"
#include "estiva/base/sys_data.h"
#include "estiva/base/sys_process.h"
#include "estiva/base/text.h"
#include "estiva/base/undo.h"
#include "image/store/collect.h"

namespace estiva::image {

namespace {

constexpr const char* kRecord = "record.json";

// Nothing where there is none, or where the machine went down before it was on disk.
std::optional<IndexRecord> find_index(const Store& store, const std::string& object,
                                      const std::string& boot) {
  const Result<Fd> dir = sys::open(store.path(place::kIndexes, object), O_RDONLY | O_DIRECTORY);
  if (!dir.ok()) return std::nullopt;
  Result<IndexRecord> record = read_record<IndexRecord>(dir.value(), kRecord);
  if (!record.ok() || (!record.value().synced && record.value().boot != boot)) return std::nullopt;
  return std::move(record).value();
}

Result<void> make_index(const Store& store, std::span<const Digest> diff_ids, const std::string& object,
                        const std::string& boot) {
  View view = TRY(open_view(store, diff_ids));
  const Fd ingest = TRY(store.open_dir(place::kIngest));
  const std::string work = work_name("index");
  TRY(files::remove_tree(ingest, work));
  const Undo remove([&] { (void)files::remove_tree(ingest, work); });  // unless it has got its place
  TRY(sys::mkdirat(ingest, work, 0700));
  const Fd dir = TRY(sys::openat(ingest, work, O_RDONLY | O_DIRECTORY));
  const Fd file = TRY(sys::openat(dir, "index", O_RDWR | O_CREAT | O_EXCL, 0600));
  const std::vector<IndexDevice> devices = TRY(write_index(view.tree, view.data, object, file));
  IndexRecord record{.boot = boot};
  for (const IndexDevice& device : devices)
    record.devices.push_back(device.path.substr(store.root().size() + 1));
  TRY(write_record(dir, kRecord, record));
  const Fd indexes = TRY(store.open_dir(place::kIndexes));
  TRY(move_to_trash(store, place::kIndexes, object));  // one that can't be trusted
  Result<void> renamed = sys::rename_new(ingest, work, indexes, object);
  if (!renamed.ok() && renamed.error().errnum() == EEXIST) return {};
  return renamed;
}

}  // namespace

Result<std::vector<LayerRecord>> find_layers(const Store& store, std::span<const Digest> diff_ids) {
  std::vector<LayerRecord> out;
  for (const Digest& diff_id : diff_ids) {
    std::optional<LayerRecord> layer = TRY(store.find_layer(diff_id));
    if (!layer) {
      return Error(Code::kNotFound, "the layer is not in the store")
          .object(diff_id.to_string())
          .hint("fetch or load the image again");
    }
    out.push_back(std::move(*layer));
  }
  return out;
}

Result<View> open_view(const Store& store, std::span<const Digest> diff_ids) {
  View view;
  for (const LayerRecord& layer : TRY(find_layers(store, diff_ids))) {
    view.entries.push_back(std::make_unique<EntryFile>(TRY(store.open_entries(layer.diff_id))));
    view.data.push_back(store.layer_data(layer));
    TRY(view.tree.apply(*view.entries.back()).context([&] {
      return text::cat("layer ", layer.diff_id.to_string());
    }));
    view.entries.back()->forget();
  }
  return view;
}

Result<IndexPlace> ensure_index(const Store& store, std::span<const Digest> diff_ids) {
  const std::string object = object_name(chain_id(diff_ids));
  const std::string boot = TRY(boot_id());
  std::optional<IndexRecord> record = find_index(store, object, boot);
  if (!record) {
    TRY(make_index(store, diff_ids, object, boot));
    record = find_index(store, object, boot);
    if (!record) return Error(Code::kInternal, "another command has removed the index").object(object);
  } else {
    TRY(find_layers(store, diff_ids));
  }
  IndexPlace place{store.path(place::kIndexes, text::cat(object, "/index")), {}};
  for (const std::string& device : record->devices)
    place.devices.push_back(text::cat(store.root(), "/", device));
  return place;
}

Result<void> sync_index(const Store& store, std::span<const Digest> diff_ids) {
  const std::string object = object_name(chain_id(diff_ids));
  const Fd dir = TRY(sys::open(store.path(place::kIndexes, object), O_RDONLY | O_DIRECTORY));
  IndexRecord record = TRY(read_record<IndexRecord>(dir, kRecord));
  if (record.synced) return {};
  const Fd index = TRY(sys::openat(dir, "index", O_RDONLY));
  TRY(sys::fdatasync(index));
  record.synced = true;
  return write_record(dir, kRecord, record);
}

}  // namespace estiva::image
