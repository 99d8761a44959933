// SPDX-License-Identifier: Apache-2.0
// Snapshots of a bundle (ADR 45). What its container wrote lies in directories that stand on each other, on the image at
// last: the overlay writes to the topmost, the others stay as they are. Which there are is what bundle.json says, and a
// step is done when that is replaced; directories that it does not name are nobody's. Who changes something holds the
// container's lock.
#pragma once

#include <string>
#include <vector>

#include "estiva/base/error.h"
#include "image/bundle/bundle.h"

namespace estiva::image {

// The snapshot that is always there: the files of the image.
inline constexpr char kImageState[] = "image";

// ---- what there is. A snapshot is `files` of one, or empty for the image.

// Paths of the directories, topmost first, without the image's: of the bundle as it is, and of a snapshot.
std::vector<std::string> written_layers(const std::string& directory, const BundleState& state);
std::vector<std::string> snapshot_layers(const std::string& directory, const BundleState& state,
                                         const std::string& snapshot);
// By name. The error says what is near.
Result<std::string> find_snapshot(const BundleState& state, const std::string& name);
// The newest that somebody asked for.
Result<std::string> newest_snapshot(const BundleState& state);
// "image"; "(removed)" of one that has lost its name.
std::string name_of_snapshot(const BundleState& state, const std::string& snapshot);
// `wanted`, if it can be a name and is free; if it is empty, the next of snap-1, snap-2, ...
Result<std::string> new_snapshot_name(const BundleState& state, const std::string& wanted);
// Bytes on disk of all that was written, snapshots too.
Result<uint64_t> written_bytes(const std::string& directory, const BundleState& state);

// ---- changes of the bundle

// What was written so far becomes a snapshot, and the overlay writes to a new directory. Not while it is mounted.
Result<void> freeze(const std::string& directory, const std::string& name);
// The same of one that is mounted and written to by nobody meanwhile: the snapshot is a copy.
Result<void> freeze_copy(const std::string& directory, const std::string& name);

struct Rollback {
  std::string to;    // names of snapshots
  std::string kept;  // what there was before; empty: it did not differ from what it stood on
};
// The files become those of the snapshot. Not while it is mounted.
Result<Rollback> go_back(const Store& store, const std::string& directory, const std::string& snapshot);
// What the last rollback left: an error if there was none.
Result<std::string> last_left(const BundleState& state);

// True if its files stay, since others stand on them.
Result<bool> remove_snapshot(const std::string& directory, const std::string& name);

// Nothing was written yet on the files of the image.
Result<bool> is_as_image(const std::string& directory);

// Directories that nothing names any more, or that a killed command was making.
Result<void> sweep_layers(const std::string& directory);

}  // namespace estiva::image
