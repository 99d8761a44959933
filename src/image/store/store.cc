// SPDX-License-Identifier: Apache-2.0
// The store's directories, locks, blobs, images and names. Layers are in layers.cc.
#include "image/store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>

#include "estiva/base/sys_data.h"
#include "estiva/base/sys_process.h"
#include "estiva/base/text.h"
#include "image/reference.h"

namespace estiva::image {

namespace {

constexpr const char* kAll[] = {place::kBlobs,   place::kLayers,   place::kImages, place::kNames,
                                place::kIndexes, place::kUnpacked, place::kIngest, place::kLeases,
                                place::kTrash,   place::kBundles};

bool is_hex(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

Error damaged(const Digest& digest) {
  return Error(Code::kInternal, "its content is not what its name says: it is damaged")
      .object(digest.to_string())
      .hint("remove the image and fetch or load it again");
}

// What the text could have meant.
Error unknown(const std::string& wanted, const std::vector<NameRecord>& names) {
  Error error = Error(Code::kNotFound, "there is no such image").object(text::quote(wanted));
  const Result<Reference> reference = Reference::parse(wanted);
  std::vector<std::string> familiar, tags;
  for (const NameRecord& name : names) {
    const Result<Reference> known = Reference::parse(name.name);
    if (!known.ok()) continue;
    familiar.push_back(known.value().familiar());
    if (reference.ok() && known.value().name() == reference.value().name())
      tags.push_back(known.value().familiar());
  }
  std::ranges::sort(tags);
  if (!tags.empty()) return std::move(error).hint(text::cat("there is ", text::join(tags, ", ")));
  const std::vector<std::string_view> candidates(familiar.begin(), familiar.end());
  if (const auto near = text::nearest(wanted, candidates))
    return std::move(error).hint(text::cat("did you mean ", *near, "?"));
  return error;
}

// Does `wanted` name this image by ID or digest? "sha256:" may stand in front.
bool has_digest(const Image& image, std::string_view wanted) {
  if (const size_t colon = wanted.find(':'); colon != std::string_view::npos) {
    if (wanted.substr(0, colon) != image.record.config.algorithm_name()) return false;
    wanted.remove_prefix(colon + 1);
  }
  if (!is_hex(wanted)) return false;
  return image.record.config.hex().starts_with(wanted) ||
         image.record.manifest.digest.hex().starts_with(wanted);
}

bool has_name(const Image& image, const Reference& wanted) {
  return std::ranges::any_of(image.names, [&](const NameRecord& name) {
    if (wanted.digest.empty()) return name.name == wanted.full();
    const Result<Reference> known = Reference::parse(name.name);
    return known.ok() && known.value().name() == wanted.name() &&
           (name.target == wanted.digest || name.image == wanted.digest);
  });
}

}  // namespace

std::string name_file(const std::string& name) { return text::cat(digest_of(name).hex(), ".json"); }

Result<void> replace_record(FdView dir, const std::string& name, std::string_view text) {
  static unsigned count = 0;
  const std::string temporary = text::cat(".", sys::getpid(), "-", ++count, "-", name);
  const auto write = [&]() -> Result<void> {
    const Fd file = TRY(sys::openat(dir, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600));
    TRY(sys::write_all(file, text));
    return sys::renameat(dir, temporary, dir, name);
  };
  Result<void> written = write();
  if (!written.ok()) (void)sys::unlinkat(dir, temporary);
  return std::move(written).context([&] { return text::cat("record ", name); });
}

Result<Store> Store::open(const std::string& root, const std::string& run_root) {
  Store store;
  store.root_ = TRY(files::absolute(root));
  store.run_root_ = TRY(files::absolute(run_root));
  TRY(files::make_directories(store.root_, 0700).context([] { return "the store"; }));
  store.dir_ = TRY(sys::open(store.root_, O_RDONLY | O_DIRECTORY).context([] { return "the store"; }));
  for (const char* each : kAll) {
    Result<void> made = sys::mkdirat(store.dir_, each, 0700);
    if (!made.ok() && made.error().errnum() != EEXIST) return std::move(made).error();
  }
  return store;
}

std::string Store::path(const char* place, const std::string& object) const {
  return text::cat(root_, "/", place, "/", object);
}

Result<Fd> Store::open_dir(const char* place) const {
  return sys::openat(dir_, place, O_RDONLY | O_DIRECTORY);
}

Result<Fd> Store::lock(int operation) const {
  Fd file = TRY(sys::openat(dir_, "lock", O_RDWR | O_CREAT, 0600));
  TRY(sys::flock(file, operation).context([] { return "the store's lock"; }));
  return file;
}

bool Store::has_blob(const Digest& digest) const {
  return sys::fstatat(dir_, text::cat(place::kBlobs, "/", object_name(digest)), 0).ok();
}

Result<std::string> Store::read_blob(const Digest& digest, size_t limit) const {
  std::string content = TRY(files::read_all(dir_, text::cat(place::kBlobs, "/", object_name(digest)), limit));
  if (digest_of(content, digest.algorithm()) != digest) return damaged(digest);
  return content;
}

Result<std::vector<Digest>> Store::objects(const char* place) const {
  std::vector<Digest> out;
  for (std::string name : TRY(files::list(TRY(open_dir(place))))) {
    if (name.ends_with(".json")) name.resize(name.size() - 5);
    Result<Digest> digest = digest_of_object(name);
    if (digest.ok()) out.push_back(std::move(digest).value());
  }
  return out;
}

Result<std::vector<NameRecord>> Store::names() const {
  const Fd dir = TRY(open_dir(place::kNames));
  std::vector<NameRecord> out;
  for (const std::string& file : TRY(files::list(dir))) {
    if (file.starts_with('.')) continue;
    Result<NameRecord> name = read_record<NameRecord>(dir, file);
    // Removed meanwhile; or not on disk when the machine went down: then the name is lost, not the store.
    if (name.ok()) out.push_back(std::move(name).value());
  }
  return out;
}

Result<std::vector<Image>> Store::images() const {
  const Fd dir = TRY(open_dir(place::kImages));
  const std::vector<NameRecord> all = TRY(names());
  std::vector<Image> out;
  for (const Digest& digest : TRY(objects(place::kImages))) {
    Result<ImageRecord> record = read_record<ImageRecord>(dir, text::cat(object_name(digest), ".json"));
    if (!record.ok()) continue;
    Image image{std::move(record).value(), {}};
    std::ranges::copy_if(all, std::back_inserter(image.names),
                         [&](const NameRecord& name) { return name.image == digest; });
    std::ranges::sort(image.names, {}, &NameRecord::name);
    out.push_back(std::move(image));
  }
  std::ranges::sort(out, [](const Image& a, const Image& b) {
    if (a.record.created != b.record.created) return a.record.created > b.record.created;
    return a.record.manifest.digest < b.record.manifest.digest;
  });
  return out;
}

Result<Image> Store::find_image(const std::string& wanted) const {
  std::vector<Image> all = TRY(images());
  const Result<Reference> reference = Reference::parse(wanted);
  if (reference.ok()) {
    for (Image& image : all)
      if (has_name(image, reference.value())) return std::move(image);
  }
  if (!reference.ok() && wanted.find('@') != std::string::npos)
    return Error::from_parts(reference.error().parts());
  std::vector<Image*> found;
  for (Image& image : all) {
    const bool other = found.empty() || found.back()->record.config != image.record.config;
    if (has_digest(image, wanted) && other) found.push_back(&image);
  }
  if (found.size() == 1) return std::move(*found[0]);
  if (found.empty()) return unknown(wanted, TRY(names()));
  std::vector<std::string> ids;
  ids.reserve(found.size());
  for (const Image* image : found) ids.push_back(image->record.config.short_hex());
  return Error(Code::kInvalid, text::cat("is the beginning of several images: ", text::join(ids, ", ")))
      .object(text::quote(wanted));
}

Result<Manifest> Store::manifest(const Image& image) const {
  return read_manifest(TRY(read_blob(image.record.manifest.digest, kManifestLimit))).context([&] {
    return text::cat("manifest ", image.record.manifest.digest.to_string());
  });
}

Result<ImageConfig> Store::config(const Image& image) const {
  return read_config(TRY(read_blob(image.record.config))).context([&] {
    return text::cat("configuration ", image.record.config.to_string());
  });
}

Result<void> Store::set_name(const NameRecord& name) const {
  return write_record(TRY(open_dir(place::kNames)), name_file(name.name), name);
}

Result<void> Store::remove_name(const std::string& name) const {
  return sys::unlinkat(TRY(open_dir(place::kNames)), name_file(name));
}

Result<void> Store::remove_image(const Image& image) const {
  const Fd dir = TRY(open_dir(place::kNames));
  for (const NameRecord& name : image.names) TRY(sys::unlinkat(dir, name_file(name.name)));
  return sys::unlinkat(TRY(open_dir(place::kImages)),
                       text::cat(object_name(image.record.manifest.digest), ".json"));
}

}  // namespace estiva::image
