// SPDX-License-Identifier: Apache-2.0
// Snapshots of containers: the steps of image/bundle/snapshots.h under the container's lock, with what must not happen
// meanwhile kept away. A mark says that layers may lie around; the next command sweeps them after one that was killed.
#pragma once

#include "engine/run/engine.h"
#include "image/bundle/snapshots.h"

namespace estiva::engine {

// Of a running one nothing runs meanwhile. The snapshot's name; `wanted` may be empty.
Result<std::string> take_snapshot(const Engine& engine, const std::string& id, const std::string& wanted);

enum class Back : uint8_t { kToSnapshot, kBeforeRollback };
struct BackRequest {
  Back where = Back::kToSnapshot;
  std::string name;    // of the snapshot; empty: the newest
  bool force = false;  // a running one is stopped, and started again
};
struct BackResult {
  image::Rollback done;
  std::string note;  // of the stop, what was out of the ordinary
};
Result<BackResult> go_back(const Engine& engine, const std::string& id, const BackRequest& request);

// True if its files stay.
Result<bool> remove_snapshot(const Engine& engine, const std::string& id, const std::string& name);

// A command that changes layers is at work, or was killed.
bool has_unswept_layers(const Engine& engine, const std::string& id);
// With the container's lock: what a killed one left goes, and what it had still to do is done.
Result<void> sweep_container(const Engine& engine, const std::string& id);

}  // namespace estiva::engine
