// SPDX-License-Identifier: Apache-2.0
// Bundles, made and undone.
#include "image/bundle/bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mount.h>

#include <algorithm>
#include <iterator>

#include "estiva/base/root_dir.h"
#include "estiva/base/sys_data.h"
#include "estiva/base/sys_mount.h"
#include "estiva/base/text.h"
#include "estiva/base/undo.h"
#include "image/bundle/in_place.h"
#include "image/bundle/snapshots.h"
#include "image/bundle/spec.h"
#include "image/bundle/user.h"
#include "image/changes/clone.h"
#include "image/formats/source.h"
#include "image/layers/unpack.h"
#include "image/mount/rootfs.h"
#include "image/store/view.h"

namespace estiva::codec {

using image::BundleState;
using image::PlaceLayer;
using image::Snapshot;

template <>
std::span<const Row> rows<PlaceLayer>() {
  static constexpr Row kRows[] = {
      row<&PlaceLayer::file>("file", kRequired),
      row<&PlaceLayer::offset>("offset", kKeep),
      row<&PlaceLayer::size>("size", kKeep),
      row<&PlaceLayer::diff_id>("diffId", kRequired),
  };
  return kRows;
}

template <>
std::span<const Row> rows<Snapshot>() {
  static constexpr Row kRows[] = {
      row<&Snapshot::files>("files", kRequired), row<&Snapshot::name>("name"),
      row<&Snapshot::parent>("parent"),          row<&Snapshot::created_ns>("createdNs"),
      row<&Snapshot::automatic>("automatic"),
  };
  return kRows;
}

template <>
std::span<const Row> rows<BundleState>() {
  static constexpr Row kRows[] = {
      row<&BundleState::image>("image", kRequired),
      row<&BundleState::manifest>("manifest"),
      row<&BundleState::config>("config"),
      row<&BundleState::diff_ids>("diffIds"),
      row<&BundleState::tier>("tier"),
      row<&BundleState::user_xattr>("userxattr"),
      row<&BundleState::lower>("lower"),
      row<&BundleState::devices>("devices"),
      row<&BundleState::place_layers>("placeLayers"),
      row<&BundleState::upper>("upper"),
      row<&BundleState::base>("base"),
      row<&BundleState::snapshots>("snapshots"),
      row<&BundleState::undo>("undo"),
  };
  return kRows;
}

}  // namespace estiva::codec

namespace estiva::image {

namespace {

using namespace bundle_place;

constexpr size_t kMaxConfig = 16 << 20;  // bytes

std::string own_path(const std::string& dir) { return text::cat(dir, "/", kOwn); }
std::string rootfs_path(const std::string& dir) { return text::cat(dir, "/", kRootfs); }

std::string record_file(const std::string& directory) {
  return text::cat(digest_of(directory).hex(), ".json");
}

Result<void> mount_layers(std::vector<std::string> image, const std::string& dir, const BundleState& state,
                          const MountIds* ids = nullptr) {
  std::vector<std::string> lower = written_layers(dir, state);
  const std::string upper = lower.front();
  lower.erase(lower.begin());
  std::ranges::move(image, std::back_inserter(lower));
  const Overlay overlay{std::move(lower), upper, text::cat(own_path(dir), "/work")};
  return ids == nullptr ? mount_overlay(overlay, rootfs_path(dir))
                        : mount_mapped_overlay(overlay, own_path(dir), *ids, rootfs_path(dir));
}

Result<void> unpack_rootfs(const Store& store, const std::string& dir, const BundleState& state) {
  View view = TRY(open_view(store, state.diff_ids));
  return unpack_all(view.tree, view.data, TRY(sys::open(rootfs_path(dir), O_RDONLY | O_DIRECTORY)));
}

// What is to be in the bundle: an image of the store, or one in place.
struct Chosen {
  BundleState state;
  std::string config;  // its text
};

Result<Chosen> choose_stored(Session& session, const std::string& name) {
  const Store& store = session.store();
  const Image image = TRY(store.find_image(name));
  Chosen chosen;
  for (const Digest& diff_id : image.record.diff_ids) (void)TRY(session.use_layer(diff_id));
  chosen.state.manifest = image.record.manifest.digest;
  chosen.state.config = image.record.config;
  chosen.state.diff_ids = image.record.diff_ids;
  chosen.config = TRY(store.read_blob(image.record.config));
  return chosen;
}

Result<void> import_layers(Session& session, const SourceImage& image, BundleState& state) {
  for (const SourceLayer& layer : image.layers)
    state.diff_ids.push_back(TRY(import_layer(session, layer)).diff_id);
  return {};
}

Result<Chosen> choose_place(Session& session, const BundleOptions& options, const std::string& dir) {
  const Source source = TRY(open_source(session.store(), options.image));
  Chosen chosen;
  chosen.config = codec::encode(ImageConfig{.architecture = host_platform().architecture,
                                            .os = "linux",
                                            .rootfs = {.type = "layers", .diff_ids = {}}});
  if (source.format == Format::kRootfsDir) {
    if (options.unpack)
      return Error(Code::kInvalid, "is a directory already: there is nothing to unpack").object(source.path);
    chosen.state.lower = {source.path};
    return chosen;
  }
  TRY(check_single(source));
  const SourceImage& image = source.images[0];
  if (!image.config.empty()) {
    chosen.config = image.config;
    chosen.state.config = digest_of(image.config);
  }
  if (TRY(can_stay(source, image))) {
    TRY(index_in_place(image, own_path(dir), options, chosen.state));
  } else {
    TRY(import_layers(session, image, chosen.state));
  }
  return chosen;
}

Result<void> make_rootfs(const Store& store, const std::string& dir, const BundleOptions& options,
                         const BundleState& state) {
  const bool in_place = !state.lower.empty();
  if (options.unpack && in_place)  // index_in_place has unpacked it
    return sys::renameat(FdView::cwd(), state.lower[0], FdView::cwd(), rootfs_path(dir));
  TRY(sys::mkdirat(FdView::cwd(), rootfs_path(dir), 0755));
  if (options.unpack) return unpack_rootfs(store, dir, state);
  for (const char* name : {"upper", "work"})
    TRY(sys::mkdirat(FdView::cwd(), text::cat(own_path(dir), "/", name), 0755));
  std::vector<std::string> lower = TRY(bundle_lower(store, dir, state));
  // The overlay's root has the attributes of its upper directory, so they must be those of the image's root.
  TRY(copy_root_attributes(lower.front(), text::cat(own_path(dir), "/", state.upper)));
  return mount_layers(std::move(lower), dir, state);
}

Result<void> write_config(const std::string& dir, const std::string& text) {
  const ImageConfig config = TRY(read_config(text));
  const RootDir root = TRY(RootDir::open(rootfs_path(dir)));
  const FoundUser user = TRY(find_user(root, config.config ? config.config->user : ""));
  const spec::Spec spec = TRY(make_spec(config, user));
  TRY(root.make_directories(spec.process->cwd, 0755).context([&] {
    return text::cat("the working directory ", text::quote(spec.process->cwd));
  }));
  return write_bundle_spec(dir, spec);
}

// Before anything is mounted: whoever removes what a killed command left needs it.
Result<void> write_state(const std::string& dir, const Chosen& chosen) {
  const Fd own = TRY(sys::open(own_path(dir), O_RDONLY | O_DIRECTORY));
  TRY(files::replace(own, kImage, chosen.config, 0600));
  return write_record(own, kState, chosen.state);
}

// The store keeps the layers for as long as the bundle is there, and nobody unmounts what they share.
Result<void> register_bundle(const Store& store, const std::string& dir, const BundleState& state) {
  if (state.tier.empty() || state.diff_ids.empty()) return {};
  const Fd lock = TRY(store.lock(LOCK_SH));
  return write_record(TRY(store.open_dir(place::kBundles)), record_file(dir),
                      BundleRecord{dir, state.manifest, state.diff_ids});
}

// Both have to be without; other files may be there.
Result<void> check_free(const std::string& dir) {
  for (const char* name : {kConfig, kRootfs, kOwn}) {
    if (!sys::fstatat(FdView::cwd(), text::cat(dir, "/", name), AT_SYMLINK_NOFOLLOW).ok()) continue;
    return Error(Code::kExists, text::cat("has ", name, " already"))
        .object(text::quote(dir))
        .hint("cais unbundle removes a bundle");
  }
  return {};
}

void unmount_all(const std::string& dir) {
  (void)unmount(rootfs_path(dir));
  (void)unmount(text::cat(own_path(dir), "/lower"));
}

void take_back(const std::string& dir, bool made) {
  unmount_all(dir);
  for (const char* name : {kRootfs, kOwn}) (void)files::remove_tree(FdView::cwd(), text::cat(dir, "/", name));
  (void)sys::unlinkat(FdView::cwd(), text::cat(dir, "/", kConfig));
  if (made) (void)sys::unlinkat(FdView::cwd(), dir, AT_REMOVEDIR);
}

}  // namespace

Result<spec::Spec> read_bundle_spec(const std::string& directory) {
  return spec::load_config(
      TRY(files::read_all(FdView::cwd(), text::cat(directory, "/", kConfig), kMaxConfig)));
}

Result<void> write_bundle_spec(const std::string& directory, const spec::Spec& spec) {
  const Fd bundle = TRY(sys::open(directory, O_RDONLY | O_DIRECTORY));
  return files::replace(bundle, kConfig, spec::to_json(spec, spec::Style::kPretty), 0644);
}

Result<ImageConfig> read_bundle_image(const std::string& directory) {
  const std::string path = text::cat(directory, "/", kOwn, "/", kImage);
  return read_config(TRY(files::read_all(FdView::cwd(), path, kConfigLimit)));
}

Result<void> make_bundle(const Store& store, const BundleOptions& options) {
  const std::string dir = TRY(files::absolute(options.directory));
  TRY(check_free(dir));
  const bool made = !sys::fstatat(FdView::cwd(), dir, 0).ok();
  Session session = TRY(Session::begin(store));
  TRY(files::make_directories(dir, 0755));
  std::vector<Digest> layers;
  Undo undo([&] {
    take_back(dir, made);
    (void)release_lower(store, layers);
  });
  TRY(sys::mkdirat(FdView::cwd(), own_path(dir), 0700));
  Result<Chosen> choice =
      is_place(options.image) ? choose_place(session, options, dir) : choose_stored(session, options.image);
  Chosen chosen = TRY(std::move(choice));
  chosen.state.image = options.image;
  layers = chosen.state.diff_ids;
  if (!options.unpack) chosen.state.tier = name_of(options.tier);
  TRY(write_state(dir, chosen));
  TRY(register_bundle(store, dir, chosen.state));
  TRY(make_rootfs(store, dir, options, chosen.state));
  if (options.config) TRY(write_config(dir, chosen.config));
  undo.dismiss();
  TRY(session.sync());
  if (chosen.state.tier.empty()) return {};
  return sync_lower(store, chosen.state.diff_ids, options.tier);
}

Result<std::vector<std::string>> bundle_lower(const Store& store, const std::string& directory,
                                              const BundleState& state) {
  const std::string own = own_path(directory);
  std::vector<std::string> lower = state.lower;
  if (!state.devices.empty() && !is_mounted(lower.at(0), kErofsType))
    TRY(mount_index(text::cat(own, "/index"), state.devices, lower.at(0)));
  if (lower.empty()) {
    const Tier tier = TRY(choose_tier(store, state.tier));
    lower = TRY(provide_lower(store, state.diff_ids, tier));
  }
  if (lower.empty()) {  // an image without layers
    lower.push_back(text::cat(own, "/empty"));
    TRY(files::make_directories(lower.front(), 0755));
  }
  return lower;
}

Result<BundleState> read_bundle(const std::string& directory) {
  Result<Fd> own = sys::open(own_path(directory), O_RDONLY | O_DIRECTORY);
  if (!own.ok() && own.error().errnum() == ENOENT)
    return Error(Code::kNotFound, "is no bundle that cais made").object(text::quote(directory));
  return read_record<BundleState>(TRY(std::move(own)), kState);
}

Result<void> withdraw_bundle(const Store& store, const std::string& directory) {
  const std::string dir = TRY(files::absolute(directory));
  const BundleState state = TRY(read_bundle(dir));
  // Not lazily: who works in it is to know. We are not to be that.
  Fd::close_waiting();
  if (is_mounted(rootfs_path(dir), kOverlayType)) {
    TRY(sys::umount2(rootfs_path(dir), UMOUNT_NOFOLLOW).context([&] { return rootfs_path(dir); }));
  }
  // Its state last, so that a killed removal can be done again.
  (void)sys::unlinkat(FdView::cwd(), text::cat(dir, "/", kConfig));
  const Result<void> removed = sys::unlinkat(TRY(store.open_dir(place::kBundles)), record_file(dir));
  if (!removed.ok() && removed.error().errnum() != ENOENT) return Error::from_parts(removed.error().parts());
  TRY(release_lower(store, state.diff_ids));
  unmount_all(dir);
  return {};
}

Result<void> remove_bundle(const Store& store, const std::string& directory) {
  TRY(withdraw_bundle(store, directory));
  take_back(TRY(files::absolute(directory)), true);
  return {};
}

Result<void> mount_bundle_mapped(const Store& store, const std::string& directory, const MountIds& ids) {
  const std::string dir = TRY(files::absolute(directory));
  const BundleState state = TRY(read_bundle(dir));
  TRY(unmount(rootfs_path(dir)));
  return mount_layers(TRY(bundle_lower(store, dir, state)), dir, state, &ids);
}

Result<void> mount_bundle(const Store& store, const std::string& directory) {
  const std::string dir = TRY(files::absolute(directory));
  const BundleState state = TRY(read_bundle(dir));
  if (state.tier.empty() || is_mounted(rootfs_path(dir), kOverlayType)) return {};
  return mount_layers(TRY(bundle_lower(store, dir, state)), dir, state);
}

}  // namespace estiva::image
