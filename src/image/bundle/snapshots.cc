// SPDX-License-Identifier: Apache-2.0
// Directories first, then the record that names them; removal the other way round.
#include "image/bundle/snapshots.h"

#include <errno.h>
#include <fcntl.h>

#include <algorithm>
#include <set>
#include <utility>

#include "estiva/base/files.h"
#include "estiva/base/text.h"
#include "estiva/base/time.h"
#include "image/changes/clone.h"
#include "image/store/collect.h"

namespace estiva::image {

namespace {

using namespace bundle_place;

constexpr std::string_view kFirst = "upper", kNext = "upper-";
constexpr const char *kAsked = "snap-", *kLeft = "undone-";
constexpr size_t kMostLayers = 200;  // overlayfs takes 500, and an image may have 127
constexpr size_t kMostName = 128;    // bytes

std::string own_path(const std::string& dir, std::string_view name) {
  return text::cat(dir, "/", kOwn, "/", name);
}

const Snapshot* by_files(const BundleState& state, const std::string& files) {
  const auto found = std::ranges::find(state.snapshots, files, &Snapshot::files);
  return found == state.snapshots.end() ? nullptr : &*found;
}

const Snapshot* by_name(const BundleState& state, std::string_view name) {
  const auto found = std::ranges::find(state.snapshots, name, &Snapshot::name);
  return found == state.snapshots.end() || name.empty() ? nullptr : &*found;
}

// `files` of the snapshot and of all that it stands on. A record that goes in circles has an end too.
std::vector<std::string> chain_of(const BundleState& state, std::string snapshot) {
  std::vector<std::string> out;
  while (!snapshot.empty() && out.size() <= state.snapshots.size()) {
    out.push_back(snapshot);
    const Snapshot* found = by_files(state, snapshot);
    snapshot = found == nullptr ? "" : found->parent;
  }
  return out;
}

std::vector<std::string> paths_of(const std::string& dir, const std::vector<std::string>& names) {
  std::vector<std::string> out;
  out.reserve(names.size());
  for (const std::string& each : names) out.push_back(own_path(dir, each));
  return out;
}

// "snap-3" where the highest of that beginning is snap-2.
std::string next_name(const BundleState& state, std::string_view beginning) {
  uint64_t highest = 0;
  for (const Snapshot& each : state.snapshots)
    if (each.name.starts_with(beginning))
      highest = std::max(highest, text::number<uint64_t>(each.name.substr(beginning.size())).value_or(0));
  return text::cat(beginning, highest + 1);
}

bool can_be_name(std::string_view name) {
  const auto is_word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  const auto may_follow = [&](char c) { return is_word(c) || c == '_' || c == '.' || c == '-'; };
  return !name.empty() && name.size() <= kMostName && is_word(name[0]) &&
         std::ranges::all_of(name, may_follow);
}

Result<BundleState> read_layered(const std::string& dir) {
  BundleState state = TRY(read_bundle(dir));
  if (!state.tier.empty()) return state;
  return Error::unsupported(text::quote(dir), "is unpacked: it has no layers that could be kept");
}

Result<void> write_state(const std::string& dir, const BundleState& state) {
  const Fd own = TRY(sys::open(text::cat(dir, "/", kOwn), O_RDONLY | O_DIRECTORY));
  return write_record(own, kState, state);
}

// A new directory, under a name that no layer has.
Result<std::string> make_layer(const std::string& dir) {
  for (unsigned number = 1;; ++number) {
    std::string name = text::cat(kNext, number);
    const Result<void> made = sys::mkdirat(FdView::cwd(), own_path(dir, name), 0755);
    if (made.ok()) return name;
    if (made.error().errnum() != EEXIST) return Error::from_parts(made.error().parts());
  }
}

// Nothing was written since the layer below it.
Result<bool> is_unwritten(const Store& store, const std::string& dir, const BundleState& state) {
  const std::string upper = own_path(dir, state.upper);
  const Fd opened = TRY(sys::open(upper, O_RDONLY | O_DIRECTORY));
  if (!TRY(files::list(opened)).empty()) return false;
  const std::string below =
      state.base.empty() ? TRY(bundle_lower(store, dir, state)).front() : own_path(dir, state.base);
  return have_same_root_attributes(upper, below);
}

Result<void> check_depth(const BundleState& state) {
  if (chain_of(state, state.base).size() < kMostLayers) return {};
  return Error(Code::kState, text::cat("there are ", kMostLayers, " snapshots one on another already"))
      .hint("cais commit makes an image of it, on which a new container has none");
}

// Those that have no name, and that nothing with a name, nor what is written now, stands on.
void drop_unused(BundleState& state) {
  std::set<std::string> used;
  const auto use = [&](const std::string& snapshot) {
    for (std::string& each : chain_of(state, snapshot)) used.insert(std::move(each));
  };
  use(state.base);
  use(state.undo);
  for (const Snapshot& each : state.snapshots)
    if (!each.name.empty()) use(each.files);
  std::erase_if(state.snapshots, [&](const Snapshot& each) { return !used.contains(each.files); });
}

}  // namespace

std::vector<std::string> written_layers(const std::string& directory, const BundleState& state) {
  std::vector<std::string> out = snapshot_layers(directory, state, state.base);
  out.insert(out.begin(), own_path(directory, state.upper));
  return out;
}

std::vector<std::string> snapshot_layers(const std::string& directory, const BundleState& state,
                                         const std::string& snapshot) {
  return paths_of(directory, chain_of(state, snapshot));
}

Result<std::string> find_snapshot(const BundleState& state, const std::string& name) {
  if (name == kImageState) return std::string();
  if (const Snapshot* found = by_name(state, name)) return found->files;
  std::vector<std::string_view> names = {kImageState};
  for (const Snapshot& each : state.snapshots)
    if (!each.name.empty()) names.push_back(each.name);
  Error error(Code::kNotFound, text::cat("No such snapshot: ", text::printable(name)));
  if (const auto near = text::nearest(name, names))
    return std::move(error).hint(text::cat("did you mean ", *near, "?"));
  return error;
}

Result<std::string> newest_snapshot(const BundleState& state) {
  const Snapshot* newest = nullptr;
  for (const Snapshot& each : state.snapshots)
    if (!each.name.empty() && !each.automatic) newest = &each;
  if (newest != nullptr) return newest->files;
  return Error(Code::kState, "there is no snapshot to go back to")
      .hint(text::cat("cais snap makes one; the name ", kImageState, " stands for the files of the image"));
}

std::string name_of_snapshot(const BundleState& state, const std::string& snapshot) {
  if (snapshot.empty()) return kImageState;
  const Snapshot* found = by_files(state, snapshot);
  return found == nullptr || found->name.empty() ? "(removed)" : found->name;
}

Result<std::string> new_snapshot_name(const BundleState& state, const std::string& wanted) {
  if (wanted.empty()) return next_name(state, kAsked);
  if (!can_be_name(wanted))
    return Error(Code::kInvalid, text::cat("Invalid snapshot name (", text::printable(wanted),
                                           "), only [a-zA-Z0-9][a-zA-Z0-9_.-]* are allowed"));
  if (wanted == kImageState)
    return Error(Code::kInvalid, "stands for the files of the image, and for no other snapshot")
        .object(wanted);
  if (by_name(state, wanted) == nullptr) return wanted;
  return Error(Code::kExists, text::cat("there is a snapshot ", wanted, " already"))
      .hint("cais snap rm removes it");
}

Result<uint64_t> written_bytes(const std::string& directory, const BundleState& state) {
  uint64_t out = TRY(disk_usage(FdView::cwd(), own_path(directory, state.upper)));
  for (const Snapshot& each : state.snapshots)
    out += TRY(disk_usage(FdView::cwd(), own_path(directory, each.files)));
  return out;
}

Result<void> freeze(const std::string& directory, const std::string& name) {
  BundleState state = TRY(read_layered(directory));
  TRY(check_depth(state));
  std::string next = TRY(make_layer(directory));
  // The overlay's root has the attributes of the directory that it writes to.
  TRY(copy_root_attributes(own_path(directory, state.upper), own_path(directory, next)));
  state.snapshots.push_back(
      {.files = state.upper, .name = name, .parent = state.base, .created_ns = epoch_ns()});
  state.base = std::exchange(state.upper, std::move(next));
  return write_state(directory, state);
}

Result<void> freeze_copy(const std::string& directory, const std::string& name) {
  BundleState state = TRY(read_layered(directory));
  const std::string copy = TRY(make_layer(directory));
  TRY(clone_tree(own_path(directory, state.upper), own_path(directory, copy)));
  state.snapshots.push_back({.files = copy, .name = name, .parent = state.base, .created_ns = epoch_ns()});
  return write_state(directory, state);
}

Result<Rollback> go_back(const Store& store, const std::string& directory, const std::string& snapshot) {
  BundleState state = TRY(read_layered(directory));
  Rollback out{name_of_snapshot(state, snapshot), ""};
  const bool unwritten = TRY(is_unwritten(store, directory, state));
  if (unwritten && state.base == snapshot) return out;
  std::string left = state.base;
  if (!unwritten) {
    TRY(check_depth(state));
    left = state.upper;
    out.kept = next_name(state, kLeft);
    state.snapshots.push_back(
        {.files = left, .name = out.kept, .parent = state.base, .created_ns = epoch_ns(), .automatic = true});
  }
  std::string next = TRY(make_layer(directory));
  const std::string below =
      snapshot.empty() ? TRY(bundle_lower(store, directory, state)).front() : own_path(directory, snapshot);
  TRY(copy_root_attributes(below, own_path(directory, next)));
  state.undo = left.empty() ? kImageState : left;
  state.upper = std::move(next);
  state.base = snapshot;
  drop_unused(state);
  TRY(write_state(directory, state));
  return out;
}

Result<std::string> last_left(const BundleState& state) {
  if (state.undo.empty())
    return Error(Code::kState, "there is nothing to undo: nothing was rolled back")
        .hint("cais rollback goes back to a snapshot");
  return state.undo == kImageState ? std::string() : state.undo;
}

Result<bool> remove_snapshot(const std::string& directory, const std::string& name) {
  BundleState state = TRY(read_layered(directory));
  const std::string snapshot = TRY(find_snapshot(state, name));
  if (snapshot.empty())
    return Error(Code::kInvalid, "stands for the files of the image, which stay").object(name);
  for (Snapshot& each : state.snapshots)
    if (each.files == snapshot) each.name.clear();
  if (state.undo == snapshot) state.undo.clear();
  drop_unused(state);
  TRY(write_state(directory, state));
  return by_files(state, snapshot) != nullptr;
}

Result<bool> is_as_image(const std::string& directory) {
  const BundleState state = TRY(read_bundle(directory));
  if (!state.base.empty()) return false;
  const Fd upper = TRY(sys::open(own_path(directory, state.upper), O_RDONLY | O_DIRECTORY));
  const std::vector<std::string> names = TRY(files::list(upper));
  return names.empty();
}

Result<void> sweep_layers(const std::string& directory) {
  const BundleState state = TRY(read_bundle(directory));
  const Fd own = TRY(sys::open(text::cat(directory, "/", kOwn), O_RDONLY | O_DIRECTORY));
  for (const std::string& name : TRY(files::list(own))) {
    const bool is_layer = name == kFirst || name.starts_with(kNext);
    if (!is_layer || name == state.upper || by_files(state, name) != nullptr) continue;
    TRY(files::remove_tree(own, name));
  }
  return {};
}

}  // namespace estiva::image
