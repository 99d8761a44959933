// SPDX-License-Identifier: Apache-2.0
// What the overlay stands on, by tier.
#include "image/mount/rootfs.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>

#include "estiva/base/identity.h"
#include "estiva/base/sys_data.h"
#include "estiva/base/sys_process.h"
#include "estiva/base/text.h"
#include "estiva/base/undo.h"
#include "image/layers/unpack.h"
#include "image/store/collect.h"
#include "image/store/view.h"

namespace estiva::image {

namespace {

constexpr std::string_view kTierNames[] = {"index", "unpacked"};
constexpr const char *kFiles = "fs", *kRecord = "record.json";

std::string mount_point(const Store& store, const std::string& object) {
  return text::cat(store.run_root(), "/images/", object);
}

// One command at a time mounts and unmounts what is shared.
Result<Fd> lock_mounts(const Store& store) {
  TRY(files::make_directories(text::cat(store.run_root(), "/images"), 0700));
  Fd file = TRY(sys::open(text::cat(store.run_root(), "/lock"), O_RDWR | O_CREAT, 0600));
  TRY(sys::flock(file, LOCK_EX));
  return file;
}

Result<std::string> mount_shared(const Store& store, std::span<const Digest> diff_ids) {
  const IndexPlace index = TRY(ensure_index(store, diff_ids));
  const std::string object = object_name(chain_id(diff_ids)), target = mount_point(store, object);
  const Fd lock = TRY(lock_mounts(store));
  if (is_mounted(target, kErofsType)) return target;
  TRY(files::make_directories(target, 0700));
  TRY(mount_index(index.path, index.devices, target));
  return target;
}

// Unpacked before, and known to be on disk or of this boot.
bool is_unpacked(const Store& store, const std::string& object, const std::string& boot) {
  const Result<Fd> dir = sys::open(store.path(place::kUnpacked, object), O_RDONLY | O_DIRECTORY);
  if (!dir.ok()) return false;
  const Result<IndexRecord> record = read_record<IndexRecord>(dir.value(), kRecord);
  return record.ok() && (record.value().synced || record.value().boot == boot);
}

Result<void> unpack_layer(const Store& store, const View& view, const Tree::Changes& changes,
                          const std::string& object, const std::string& boot) {
  const Fd ingest = TRY(store.open_dir(place::kIngest));
  const std::string work = work_name("unpack");
  TRY(files::remove_tree(ingest, work));
  const Undo remove([&] { (void)files::remove_tree(ingest, work); });  // unless it has got its place
  TRY(sys::mkdirat(ingest, work, 0700));
  const Fd dir = TRY(sys::openat(ingest, work, O_RDONLY | O_DIRECTORY));
  TRY(sys::mkdirat(dir, kFiles, 0755));
  TRY(unpack_changes(view.tree, changes, view.data, TRY(sys::openat(dir, kFiles, O_RDONLY | O_DIRECTORY))));
  TRY(write_record(dir, kRecord, IndexRecord{.boot = boot}));
  TRY(move_to_trash(store, place::kUnpacked, object));
  Result<void> renamed = sys::rename_new(ingest, work, TRY(store.open_dir(place::kUnpacked)), object);
  if (!renamed.ok() && renamed.error().errnum() == EEXIST) return {};
  return renamed;
}

// A layer's directory depends on those below (hard links, attributes of directories), so its name is the chainID.
Result<void> unpack_missing(const Store& store, std::span<const Digest> diff_ids,
                            const std::vector<std::string>& chain) {
  const std::string boot = TRY(boot_id());
  const std::vector<LayerRecord> layers = TRY(find_layers(store, diff_ids));
  if (std::ranges::all_of(chain, [&](const std::string& each) { return is_unpacked(store, each, boot); }))
    return {};
  View view;
  for (size_t i = 0; i < layers.size(); ++i) {
    Tree::Changes changes;
    view.entries.push_back(std::make_unique<EntryFile>(TRY(store.open_entries(layers[i].diff_id))));
    view.data.push_back(store.layer_data(layers[i]));
    view.tree.record_changes(&changes);
    TRY(view.tree.apply(*view.entries.back()));
    if (!is_unpacked(store, chain[i], boot)) TRY(unpack_layer(store, view, changes, chain[i], boot));
  }
  return {};
}

std::vector<std::string> chain_objects(std::span<const Digest> diff_ids) {
  std::vector<std::string> out;
  for (size_t count = 1; count <= diff_ids.size(); ++count)
    out.push_back(object_name(chain_id(diff_ids.first(count))));
  return out;
}

}  // namespace

std::string_view name_of(Tier tier) { return kTierNames[static_cast<size_t>(tier)]; }

Result<Tier> choose_tier(const Store& store, const std::string& forced) {
  if (forced == kTierNames[0]) return Tier::kIndex;
  if (forced == kTierNames[1]) return Tier::kUnpacked;
  if (!forced.empty()) {
    return Error(Code::kInvalid, text::cat("CAIS_STORAGE is ", text::quote(forced), ", not ",
                                           text::join({kTierNames, kTierNames + 2}, " or ")));
  }
  return probe_tier(store.path(place::kIngest, work_name("probe")), store.run_root());
}

Result<std::vector<std::string>> provide_lower(const Store& store, std::span<const Digest> diff_ids,
                                               Tier tier) {
  if (diff_ids.empty()) return std::vector<std::string>();
  if (tier == Tier::kIndex) return std::vector<std::string>{TRY(mount_shared(store, diff_ids))};
  const std::vector<std::string> chain = chain_objects(diff_ids);
  TRY(unpack_missing(store, diff_ids, chain));
  std::vector<std::string> lower;
  for (auto each = chain.rbegin(); each != chain.rend(); ++each)
    lower.push_back(store.path(place::kUnpacked, text::cat(*each, "/", kFiles)));
  return lower;
}

Result<void> sync_lower(const Store& store, std::span<const Digest> diff_ids, Tier tier) {
  if (diff_ids.empty()) return {};
  if (tier == Tier::kIndex) return sync_index(store, diff_ids);
  TRY(sys::syncfs(store.dir()));
  for (const std::string& each : chain_objects(diff_ids)) {
    const Fd dir = TRY(sys::open(store.path(place::kUnpacked, each), O_RDONLY | O_DIRECTORY));
    IndexRecord record = TRY(read_record<IndexRecord>(dir, kRecord));
    if (record.synced) continue;
    record.synced = true;
    TRY(write_record(dir, kRecord, record));
  }
  return {};
}

Result<void> release_lower(const Store& store, std::span<const Digest> diff_ids) {
  if (diff_ids.empty()) return {};
  const Digest chain = chain_id(diff_ids);
  const Fd lock = TRY(lock_mounts(store));
  for (const BundleRecord& bundle : TRY(live_bundles(store)))
    if (chain_id(bundle.diff_ids) == chain) return {};
  const std::string target = mount_point(store, object_name(chain));
  TRY(unmount(target));
  const Result<void> removed = sys::unlinkat(FdView::cwd(), target, AT_REMOVEDIR);
  if (removed.ok() || removed.error().errnum() == ENOENT) return {};
  return Error::from_parts(removed.error().parts());
}

}  // namespace estiva::image
