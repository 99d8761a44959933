// SPDX-License-Identifier: Apache-2.0
// Which format it is, and what it holds.
#include "image/formats/source.h"

#include <errno.h>
#include <fcntl.h>

#include <algorithm>
#include <functional>
#include <optional>

#include "estiva/base/root_dir.h"
#include "estiva/base/sys_copy.h"
#include "estiva/base/sys_data.h"
#include "estiva/base/sys_process.h"
#include "estiva/base/text.h"
#include "image/formats/layout_index.h"
#include "image/formats/members.h"
#include "image/reference.h"
#include "image/store/collect.h"
#include "image/stream/decode.h"

namespace estiva::image {

namespace {

constexpr std::string_view kFormatNames[] = {"oci", "oci-archive", "docker-archive", "rootfs", "dir"};
constexpr size_t kPiece = 1 << 20;

// manifest.json of a docker-archive.
struct DockerEntry {
  std::string config;
  std::vector<std::string> repo_tags, layers;
};

}  // namespace

}  // namespace estiva::image

namespace estiva::codec {
using DockerEntry = image::DockerEntry;
template <>
std::span<const Row> rows<DockerEntry>() {
  static constexpr Row kRows[] = {
      row<&DockerEntry::config>("Config", kRequired),
      row<&DockerEntry::repo_tags>("RepoTags"),
      row<&DockerEntry::layers>("Layers", kKeep),
  };
  return kRows;
}
}  // namespace estiva::codec

namespace estiva::image {

namespace {

// A file of the layout or archive: where its bytes are. A path comes from a document of strangers.
using Locate = std::function<Result<SourceLayer>(const std::string& path)>;

Result<std::string> read_located(const Locate& locate, const std::string& path, size_t limit) {
  const SourceLayer at = TRY(locate(path));
  const Fd file = TRY(sys::open(at.file, O_RDONLY));
  return read_member(file, {at.offset, at.size}, limit).context([&] { return path; });
}

std::string blob_path(const Digest& digest) {
  return text::cat("blobs/", digest.algorithm_name(), "/", digest.hex());
}

Result<std::string> read_document(const Locate& locate, const Descriptor& descriptor, size_t limit) {
  std::string content = TRY(read_located(locate, blob_path(descriptor.digest), limit));
  if (digest_of(content, descriptor.digest.algorithm()) == descriptor.digest) return content;
  return Error(Code::kInvalid, "its content is not what its name says").object(descriptor.digest.to_string());
}

std::vector<std::string> names_of(const Annotations& annotations, std::string_view path) {
  for (const char* key : {kContainerdName, kRefName}) {
    const auto found = annotations.find(key);
    if (found == annotations.end()) continue;
    // A tag alone, as most tools write: the layout's own name stands before it.
    const bool whole =
        found->second.find('/') != std::string::npos || found->second.find(':') != std::string::npos;
    std::string base(path.substr(path.rfind('/') + 1));
    for (const char* ending : {".tar.gz", ".tgz", ".tar"})
      if (base.ends_with(ending)) base.resize(base.size() - std::string_view(ending).size());
    Result<Reference> reference =
        Reference::parse(whole ? found->second : text::cat(base, ":", found->second));
    if (!reference.ok()) reference = Reference::parse(found->second);
    if (reference.ok()) return {reference.value().full()};
  }
  return {};
}

std::string tag_of(const Annotations& annotations) {
  const auto found = annotations.find(kRefName);
  return found == annotations.end() ? std::string() : found->second;
}

// What an entry of an index is called; one of an inner index as the outer's entry, if it says nothing itself.
struct Called {
  std::vector<std::string> names;
  std::string tag;
};

// The platform's manifests of an index, with what stands beside them.
Result<void> add_manifests(const Locate& locate, const Index& index, Source& source, int depth,
                           const Called& outer) {
  const Platform host = host_platform();
  for (const Descriptor& each : index.manifests) {
    if (each.platform && (each.platform->os != host.os || each.platform->architecture != host.architecture))
      continue;
    Called own{names_of(each.annotations, source.path), tag_of(each.annotations)};
    if (own.names.empty()) own.names = outer.names;
    if (own.tag.empty()) own.tag = outer.tag;
    if (media::is_index(each.media_type) && depth < 2) {
      const Index inner = TRY(read_index(TRY(read_document(locate, each, kManifestLimit))));
      TRY(add_manifests(locate, inner, source, depth + 1, own));
      continue;
    }
    if (!media::is_manifest(each.media_type)) continue;
    SourceImage image;
    image.manifest = TRY(read_document(locate, each, kManifestLimit));
    image.manifest_type = each.media_type;
    const Manifest manifest = TRY(read_manifest(image.manifest).context([&] {
      return text::cat("manifest ", each.digest.to_string());
    }));
    image.config = TRY(read_document(locate, manifest.config, kConfigLimit));
    Result<ImageConfig> config = read_config(image.config);
    if (!config.ok() && index.manifests.size() > 1) continue;  // an attestation beside the image
    if (!config.ok()) return std::move(config).error().context("configuration");
    if (config.value().rootfs.diff_ids.size() != manifest.layers.size()) {
      return Error(Code::kInvalid,
                   text::cat("the manifest has ", manifest.layers.size(), " layers, its configuration ",
                             config.value().rootfs.diff_ids.size()))
          .object(each.digest.to_string());
    }
    for (size_t i = 0; i < manifest.layers.size(); ++i) {
      SourceLayer layer = TRY(locate(blob_path(manifest.layers[i].digest)));
      layer.blob = manifest.layers[i];
      layer.diff_id = config.value().rootfs.diff_ids[i];
      image.layers.push_back(std::move(layer));
    }
    image.names = std::move(own.names);
    image.tag = std::move(own.tag);
    source.images.push_back(std::move(image));
  }
  return {};
}

// Of strangers, for people.
std::string shown_tags(const std::vector<std::string>& tags) {
  std::vector<std::string> shown;
  for (const std::string& tag : tags)
    if (!tag.empty()) shown.push_back(text::printable(tag));
  return text::join(shown, ", ");
}

Result<void> choose_tag(Index& index, const Source& source) {
  std::vector<std::string> tags;
  for (const Descriptor& each : index.manifests) tags.push_back(tag_of(each.annotations));
  std::erase_if(index.manifests,
                [&](const Descriptor& each) { return tag_of(each.annotations) != source.tag; });
  if (!index.manifests.empty()) return {};
  return Error(Code::kNotFound, text::cat("no image has the tag ", text::quote(source.tag)))
      .object(source.path)
      .hint(text::cat("its tags: ", shown_tags(tags)));
}

Result<void> read_oci(const Locate& locate, Source& source) {
  const std::string text = TRY(read_located(locate, "index.json", kManifestLimit));
  Index index = TRY(read_index(text).context([] { return "index.json"; }));
  if (!source.tag.empty()) TRY(choose_tag(index, source));
  TRY(add_manifests(locate, index, source, 0, {}));
  if (!source.images.empty()) return {};
  return Error(Code::kNotFound,
               text::cat("no image for ", host_platform().os, "/", host_platform().architecture))
      .object(source.path);
}

Result<void> read_docker(const Locate& locate, Source& source) {
  const std::string text = TRY(read_located(locate, "manifest.json", kManifestLimit));
  const std::vector<DockerEntry> entries =
      TRY(codec::decode<std::vector<DockerEntry>>(text).context([] { return "manifest.json"; }));
  for (const DockerEntry& entry : entries) {
    SourceImage image;
    image.config = TRY(read_located(locate, entry.config, kConfigLimit));
    const ImageConfig config = TRY(read_config(image.config).context([&] { return entry.config; }));
    if (config.rootfs.diff_ids.size() != entry.layers.size())
      return Error::invalid("/Layers", text::cat("has ", entry.layers.size(), " layers, the configuration ",
                                                 config.rootfs.diff_ids.size()));
    for (size_t i = 0; i < entry.layers.size(); ++i) {
      SourceLayer layer = TRY(locate(entry.layers[i]));
      layer.diff_id = config.rootfs.diff_ids[i];
      layer.blob.media_type = media::kDockerLayer;
      image.layers.push_back(std::move(layer));
    }
    for (const std::string& tag : entry.repo_tags) image.names.push_back(TRY(Reference::parse(tag)).full());
    source.images.push_back(std::move(image));
  }
  return {};
}

// A directory for each layer, and a list of names in place of manifest.json. Docker read it until version 28
// (moby pull request 50324).
Error too_old(const std::string& path) {
  return Error(Code::kUnsupported,
               "is an archive of docker before 1.10: it has repositories, and no manifest.json")
      .object(path)
      .hint("have docker 1.10 to 28 load it and save it again");
}

Result<std::string> spool_file(const Store& store, FdView input, Source& source) {
  source.spool = TRY(Spool::make(store));
  AutoDecoder decoder;
  const auto write = [&](std::string_view piece) { return sys::write_all(source.spool.file(), piece); };
  std::string piece(kPiece, '\0');
  for (;;) {
    const size_t count = TRY(sys::read(input, piece.data(), piece.size()));
    if (count == 0) break;
    TRY(decoder.write(std::string_view(piece).substr(0, count), write));
  }
  TRY(decoder.finish(write));
  return source.spool.path();
}

Result<bool> is_compressed(FdView file) {
  char first[kSniffBytes] = {};
  const size_t count = TRY(sys::pread(file, first, sizeof first, 0));
  return TRY(sniff({first, count})) != Compression::kNone;
}

Result<void> read_archive(const Store& store, Source& source, std::optional<Format> wanted) {
  Fd file = source.path == "-" ? TRY(sys::dup(FdView::of_number(0)))
                               : TRY(sys::open(source.path, O_RDONLY | O_NOCTTY));
  const struct stat info = TRY(sys::fstat(file));
  const bool seekable = source.path != "-" && S_ISREG(info.st_mode);
  std::string path = source.path;
  // A rootfs may stay compressed: it is a layer like others.
  if (!seekable || (wanted != Format::kRootfsTar && TRY(is_compressed(file)))) {
    path = TRY(spool_file(store, file, source));
    file = TRY(sys::open(path, O_RDONLY));
  }
  const Members members = wanted == Format::kRootfsTar
                              ? Members()
                              : TRY(Members::scan(file).context([&] { return source.path; }));
  if (wanted != Format::kRootfsTar && members.empty())
    return Error(Code::kInvalid, "is no tar archive, or an empty one").object(source.path);
  const Locate locate = [&](const std::string& name) -> Result<SourceLayer> {
    const Member* member = members.find(name);
    if (member == nullptr)
      return Error(Code::kInvalid, text::cat("has no ", text::quote(name))).object(source.path);
    return SourceLayer{.file = path, .offset = member->offset, .size = member->size};
  };
  const bool oci = members.find("index.json") != nullptr && members.find("oci-layout") != nullptr;
  const bool docker = members.find("manifest.json") != nullptr;
  if (!oci && !docker && members.find("repositories") != nullptr) return too_old(source.path);
  if (wanted == Format::kOciArchive || (!wanted && oci)) {
    source.format = Format::kOciArchive;
    return read_oci(locate, source);
  }
  if (wanted == Format::kDockerArchive || (!wanted && docker)) {
    source.format = Format::kDockerArchive;
    return read_docker(locate, source);
  }
  source.format = Format::kRootfsTar;
  const auto size = static_cast<uint64_t>(TRY(sys::fstat(file)).st_size);
  SourceImage image;
  image.layers.push_back({.file = path, .size = size});
  source.images.push_back(std::move(image));
  return {};
}

Result<void> read_layout(Source& source) {
  const RootDir root = TRY(RootDir::open(source.path));
  const Locate locate = [&](const std::string& name) -> Result<SourceLayer> {
    const Fd file =
        TRY(root.open_at(name, O_RDONLY | O_NONBLOCK | O_NOCTTY, RootDir::Links::kRefuse).context([&] {
          return source.path;
        }));
    const struct stat info = TRY(sys::fstat(file));
    if (!S_ISREG(info.st_mode))
      return Error(Code::kInvalid, text::cat(text::quote(name), " is no file")).object(source.path);
    return SourceLayer{.file = text::cat(source.path, "/", name),
                       .size = static_cast<uint64_t>(info.st_size)};
  };
  return read_oci(locate, source);
}

struct Place {
  std::optional<Format> format;
  std::string path, tag;
};

bool is_there(const std::string& path) { return sys::fstatat(FdView::cwd(), path, 0).ok(); }

bool has_tags(std::optional<Format> format) {
  return !format || *format == Format::kOciLayout || *format == Format::kOciArchive;
}

void split_tag(Place& place) {
  if (place.path == "-" || !has_tags(place.format) || is_there(place.path)) return;
  for (size_t colon = place.path.find(':'); colon != place.path.npos;
       colon = place.path.find(':', colon + 1)) {
    if (!is_there(place.path.substr(0, colon))) continue;
    place.tag = place.path.substr(colon + 1);
    place.path.resize(colon);
    return;
  }
}

Place parse_place(const std::string& where) {
  for (size_t i = 0; i < std::size(kFormatNames); ++i) {
    const std::string prefix = text::cat(kFormatNames[i], ":");
    if (where.starts_with(prefix)) return {static_cast<Format>(i), where.substr(prefix.size()), {}};
  }
  return {std::nullopt, where, {}};
}

}  // namespace

std::string_view name_of(Format format) { return kFormatNames[static_cast<size_t>(format)]; }

bool is_place(const std::string& text) {
  return parse_place(text).format.has_value() || text.starts_with('/') || text.starts_with('.');
}

static Result<void> read_source(const Store& store, Place place, Source& source) {
  source.path = place.path == "-" ? place.path : TRY(files::absolute(place.path));
  const bool is_dir = source.path != "-" && S_ISDIR(TRY(sys::fstatat(FdView::cwd(), source.path, 0)).st_mode);
  if (is_dir && !place.format) {
    const bool layout = sys::fstatat(FdView::cwd(), text::cat(source.path, "/oci-layout"), 0).ok();
    place.format = layout ? Format::kOciLayout : Format::kRootfsDir;
  }
  if (place.format == Format::kRootfsDir || place.format == Format::kOciLayout) {
    if (!is_dir) return Error::system(text::cat("open ", source.path), ENOTDIR);
    source.format = *place.format;
    return source.format == Format::kOciLayout ? read_layout(source) : Result<void>();
  }
  if (is_dir) return Error::system(text::cat("open ", source.path), EISDIR);
  return read_archive(store, source, place.format);
}

Result<Source> open_source(const Store& store, const std::string& where) {
  Place place = parse_place(where);
  split_tag(place);
  Source source;
  source.tag = place.tag;
  TRY(read_source(store, std::move(place), source));
  if (source.tag.empty() || has_tags(source.format)) return source;
  return Error(Code::kInvalid, "is no OCI layout, so no tag chooses an image of it")
      .object(source.path)
      .hint("leave out the tag behind it");
}

Result<void> check_single(const Source& source) {
  if (source.images.size() == 1) return {};
  std::vector<std::string> tags;
  for (const SourceImage& image : source.images) tags.push_back(image.tag);
  const std::string shown = shown_tags(tags);
  return Error(Code::kInvalid, text::cat("holds ", source.images.size(), " images, choose one"))
      .object(source.path)
      .hint(text::cat(shown.empty()
                          ? ""
                          : text::cat("by its tag, as ", name_of(source.format), ":PLACE:TAG: ", shown, "; "),
                      "cais load takes them all"));
}

Result<Spool> Spool::make(const Store& store) {
  const Fd dir = TRY(store.open_dir(place::kIngest));
  const std::string name = work_name("spool");
  Spool spool;
  spool.file_ = TRY(sys::openat(dir, name, O_RDWR | O_CREAT | O_TRUNC, 0600));
  spool.path_ = store.path(place::kIngest, name);
  return spool;
}

Spool::Spool(Spool&& other) noexcept : path_(std::exchange(other.path_, "")), file_(std::move(other.file_)) {}
Spool& Spool::operator=(Spool&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(file_, other.file_);
  return *this;
}
Spool::~Spool() {
  if (!path_.empty()) (void)sys::unlinkat(FdView::cwd(), path_);
}

}  // namespace estiva::image
