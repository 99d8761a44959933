// SPDX-License-Identifier: Apache-2.0
// The two sides of a bundle: what an overlay wrote, in one directory or several, on what is below it; or an unpacked root file system beside
// the image's tree.
#include "image/bundle/changes.h"

#include <fcntl.h>

#include "estiva/base/root_dir.h"
#include "estiva/base/text.h"
#include "estiva/spec/spec.h"
#include "image/bundle/in_place.h"
#include "image/bundle/snapshots.h"

namespace estiva::image {

namespace {

using namespace bundle_place;

std::string real_path(FdView file) {
  const Result<std::string> path = sys::readlinkat(FdView::cwd(), text::cat("/proc/self/fd/", file.number()));
  return path.ok() ? path.value() : "";
}

// Where a path of the container leads in its root file system; nothing if it is not there.
std::string resolved(const RootDir& root, const std::string& path) {
  const Result<Fd> file = root.open_at(path, O_PATH);
  if (!file.ok()) return "";
  const std::string base = real_path(root.fd()), real = real_path(file.value());
  return real.starts_with(base + "/") ? real.substr(base.size()) : "";
}

// "/a//b/./c/" as "/a/b/c".
std::string cleaned(const std::string& path) {
  std::string out;
  for (const std::string& part : text::split(path, '/'))
    if (!part.empty() && part != ".") out += text::cat("/", part);
  return out;
}

// The destinations of config.json's mounts and its working directory, as written and as links lead there.
Result<std::set<std::string>> mount_points(const std::string& dir) {
  const spec::Spec spec = TRY(read_bundle_spec(dir).context([&] { return text::cat(dir, "/", kConfig); }));
  std::vector<std::string> paths;
  for (const spec::Mount& mount : spec.mounts) paths.push_back(mount.destination);
  if (spec.process) paths.push_back(spec.process->cwd);
  const RootDir root = TRY(RootDir::open(text::cat(dir, "/", kRootfs)));
  std::set<std::string> out;
  for (const std::string& path : paths) {
    out.insert(cleaned(path));
    out.insert(resolved(root, path));
  }
  out.erase("");
  return out;
}

const char* marks_of(const BundleState& state) { return state.user_xattr ? Side::kUser : Side::kTrusted; }

// The layers, then the image's.
Result<Side> side_of(std::vector<std::string> layers, const std::vector<std::string>& image,
                     const BundleState& state) {
  layers.insert(layers.end(), image.begin(), image.end());
  return Side::of_directories(layers, marks_of(state));
}

// When the bundle was complete: what nobody touched since then is as it was unpacked.
Result<struct timespec> completed(const std::string& dir) {
  return TRY(sys::fstatat(FdView::cwd(), text::cat(dir, "/", kOwn, "/", kState), 0)).st_ctim;
}

}  // namespace

Result<Side> bundle_side(const Store& store, const std::string& directory, const BundleState& state) {
  if (state.tier.empty()) return Side::of_directories({text::cat(directory, "/", kRootfs)});
  return side_of(written_layers(directory, state), TRY(bundle_lower(store, directory, state)), state);
}

Result<BundleChanges> open_bundle_since(const Store& store, const std::string& directory,
                                        const std::string& name) {
  BundleChanges out;
  out.directory = TRY(files::absolute(directory));
  out.state = TRY(read_bundle(out.directory));
  const std::string snapshot = TRY(find_snapshot(out.state, name));
  if (snapshot.empty()) return open_bundle(store, directory);
  const std::vector<std::string> image = TRY(bundle_lower(store, out.directory, out.state));
  Comparison& comparison = out.comparison;
  comparison.mount_points = TRY(mount_points(out.directory));
  comparison.before = TRY(side_of(snapshot_layers(out.directory, out.state, snapshot), image, out.state));
  comparison.after = TRY(side_of(written_layers(out.directory, out.state), image, out.state));
  return out;
}

Result<BundleChanges> open_bundle(const Store& store, const std::string& directory) {
  BundleChanges out;
  out.directory = TRY(files::absolute(directory));
  out.state = TRY(read_bundle(out.directory));
  Comparison& comparison = out.comparison;
  comparison.mount_points = TRY(mount_points(out.directory));
  if (!out.state.tier.empty()) {
    const std::vector<std::string> lower = TRY(bundle_lower(store, out.directory, out.state));
    comparison.before = TRY(Side::of_directories(lower, marks_of(out.state)));
    comparison.after = TRY(side_of(written_layers(out.directory, out.state), {}, out.state));
    comparison.is_upper = true;
    return out;
  }
  const std::string own = text::cat(out.directory, "/", kOwn);
  Result<View> base =
      out.state.place_layers.empty() ? open_view(store, out.state.diff_ids) : view_in_place(own, out.state);
  out.base = std::make_unique<View>(TRY(std::move(base)));
  comparison.before = Side::of_view(*out.base);
  comparison.after = TRY(bundle_side(store, out.directory, out.state));
  comparison.untouched_before = TRY(completed(out.directory));
  return out;
}

}  // namespace estiva::image
