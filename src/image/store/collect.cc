// SPDX-License-Identifier: Apache-2.0
// References are counted by scanning: names and images are few and small.
#include "image/store/collect.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>
#include <set>

#include "estiva/base/sys_data.h"
#include "estiva/base/sys_process.h"
#include "estiva/base/text.h"

namespace estiva::image {

namespace {

constexpr std::string_view kWork = "work";  // and the process that owns it

struct Used {
  std::set<Digest> content;  // layers and blobs
  std::set<Digest> chains;   // indexes and unpacked directories
};

void use_layers(Used& used, const std::vector<Digest>& diff_ids) {
  used.content.insert(diff_ids.begin(), diff_ids.end());
  for (size_t count = 1; count <= diff_ids.size(); ++count)
    used.chains.insert(chain_id(std::span(diff_ids).first(count)));
}

// Leases whose command lives; those of others are removed.
Result<void> use_leases(const Store& store, Used& used) {
  const Fd dir = TRY(store.open_dir(place::kLeases));
  for (const std::string& name : TRY(files::list(dir))) {
    const Result<Fd> file = sys::openat(dir, name, O_RDWR);
    if (!file.ok()) continue;
    if (sys::flock(file.value(), LOCK_EX | LOCK_NB).ok()) {
      (void)sys::unlinkat(dir, name);
      continue;
    }
    const std::string text = TRY(files::read_all(dir, name, 64 << 20));
    for (const std::string& line : text::split(text, '\n')) {
      Result<Digest> digest = Digest::parse(line);
      if (digest.ok()) used.content.insert(std::move(digest).value());
    }
  }
  return {};
}

Result<Used> find_used(const Store& store) {
  Used used;
  for (const Image& image : TRY(store.images())) {
    const ImageRecord& record = image.record;
    use_layers(used, record.diff_ids);
    used.content.insert({record.manifest.digest, record.config});
    used.content.insert(record.blobs.begin(), record.blobs.end());
  }
  for (const BundleRecord& bundle : TRY(live_bundles(store))) use_layers(used, bundle.diff_ids);
  TRY(use_leases(store, used));
  return used;
}

// Everything that `dir` holds and `is_used` does not want.
template <typename IsUsed>
Result<void> sweep(const Store& store, const char* place, const IsUsed& is_used, bool dry, Collected& out) {
  const Fd dir = TRY(store.open_dir(place));
  for (const std::string& name : TRY(files::list(dir))) {
    if (is_used(name)) continue;
    const Result<uint64_t> bytes = disk_usage(dir, name);
    if (!bytes.ok() && bytes.error().errnum() == ENOENT) continue;  // gone meanwhile
    if (bytes.ok())
      out.bytes += bytes.value();  // else it is deeper than descriptors reach: it goes uncounted
    const Result<Digest> digest = digest_of_object(name);
    if (place == place::kLayers && digest.ok()) {
      out.layers.push_back(digest.value());
    } else {
      ++out.files;
    }
    if (!dry) TRY(move_to_trash(store, place, name));
  }
  return {};
}

// What a command that was killed left of a layer on its way; a partial download stays only while someone continues it.
Result<void> sweep_ingest(const Store& store, bool dry, Collected& out) {
  const Fd dir = TRY(store.open_dir(place::kIngest));
  std::set<std::string> busy;
  std::vector<Fd> held;  // until all is moved: who waits for one of these locks begins anew then
  const std::vector<std::string> names = TRY(files::list(dir));
  for (const std::string& name : names) {
    if (!name.ends_with(".lock")) continue;
    Result<Fd> file = sys::openat(dir, name, O_RDWR);
    if (!file.ok()) continue;
    if (sys::flock(file.value(), LOCK_EX | LOCK_NB).ok()) {
      held.push_back(std::move(file).value());
    } else {
      busy.insert(name.substr(0, name.size() - 5));
    }
  }
  return sweep(
      store, place::kIngest,
      [&](const std::string& name) {
        const std::vector<std::string> parts = text::split(name, '-');
        if (parts[0] == kWork)
          return parts.size() > 1 && sys::fstatat(FdView::cwd(), text::cat("/proc/", parts[1]), 0).ok();
        return busy.contains(name.substr(0, name.rfind('.')));
      },
      dry, out);
}

}  // namespace

Result<uint64_t> disk_usage(FdView dir, const std::string& name) {
  const struct stat info = TRY(sys::fstatat(dir, name, AT_SYMLINK_NOFOLLOW));
  uint64_t bytes = static_cast<uint64_t>(info.st_blocks) * 512;
  if (!S_ISDIR(info.st_mode)) return bytes;
  const Fd inner = TRY(sys::openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  for (const std::string& each : TRY(files::list(inner))) bytes += TRY(disk_usage(inner, each));
  return bytes;
}

std::string work_name(std::string_view purpose) {
  static unsigned count = 0;
  return text::cat(kWork, "-", sys::getpid(), "-", ++count, "-", purpose);
}

Result<void> move_to_trash(const Store& store, const char* place, const std::string& object) {
  const Fd from = TRY(store.open_dir(place));
  const Fd trash = TRY(store.open_dir(place::kTrash));
  for (unsigned number = 0;; ++number) {
    const Result<void> moved =
        sys::rename_new(from, object, trash, text::cat(place, "-", object, "-", number));
    if (moved.ok() || moved.error().errnum() == ENOENT) return {};
    if (moved.error().errnum() != EEXIST) return Error::from_parts(moved.error().parts());
  }
}

Result<void> empty_trash(const Store& store) {
  const Fd trash = TRY(store.open_dir(place::kTrash));
  for (const std::string& name : TRY(files::list(trash))) {
    const Result<struct stat> info = sys::fstatat(trash, name, AT_SYMLINK_NOFOLLOW);
    if (!info.ok()) continue;
    Result<void> removed =
        S_ISDIR(info.value().st_mode) ? files::remove_tree(trash, name) : sys::unlinkat(trash, name);
    // Two commands may empty it at once.
    if (!removed.ok() && removed.error().errnum() != ENOENT) return removed;
  }
  return {};
}

Result<std::vector<BundleRecord>> live_bundles(const Store& store) {
  const Fd dir = TRY(store.open_dir(place::kBundles));
  std::vector<BundleRecord> out;
  for (const std::string& name : TRY(files::list(dir))) {
    Result<BundleRecord> bundle = read_record<BundleRecord>(dir, name);
    if (!bundle.ok()) continue;
    // Its state is written before anything is mounted, and goes last.
    if (sys::fstatat(FdView::cwd(), text::cat(bundle.value().path, "/.cais/bundle.json"), 0).ok()) {
      out.push_back(std::move(bundle).value());
    } else {
      (void)sys::unlinkat(dir, name);
    }
  }
  return out;
}

Result<Collected> collect(const Store& store, const CollectOptions& options) {
  Collected out;
  {
    const Fd lock = TRY(store.lock(LOCK_EX));
    const Used used = TRY(find_used(store));
    const auto has = [](const std::set<Digest>& set) {
      return [&set](const std::string& name) {
        const Result<Digest> digest = digest_of_object(name);
        return digest.ok() && set.contains(digest.value());
      };
    };
    for (const char* place : {place::kLayers, place::kBlobs})
      TRY(sweep(store, place, has(used.content), options.dry, out));
    for (const char* place : {place::kIndexes, place::kUnpacked})
      TRY(sweep(store, place, has(used.chains), options.dry, out));
    // Records half written, by who was killed: nobody writes one without the lock.
    for (const char* place : {place::kImages, place::kNames, place::kBundles})
      TRY(sweep(
          store, place, [](const std::string& name) { return !name.starts_with('.'); }, options.dry, out));
    if (options.downloads) TRY(sweep_ingest(store, options.dry, out));
  }
  if (!options.dry) TRY(empty_trash(store));
  return out;
}

}  // namespace estiva::image
