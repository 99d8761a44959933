// SPDX-License-Identifier: Apache-2.0
// The state of a container (runtime-spec, runtime.md, "State") as plain data: what `state` prints and hooks
// read.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "estiva/base/error.h"
#include "estiva/spec/spec.h"

namespace estiva::spec {

// kPaused is no status of the specification; runc introduced it and engines read it.
enum class Status : uint8_t { kCreating, kCreated, kRunning, kStopped, kPaused };
inline constexpr std::string_view kStatusNames[] = {"creating", "created", "running", "stopped", "paused"};
constexpr std::span<const std::string_view> enum_names(Status) { return kStatusNames; }

struct State {
  std::string oci_version;
  std::string id;
  Status status = Status::kCreating;
  std::optional<int32_t> pid;
  std::string bundle;
  std::map<std::string, std::string> annotations;
  // Not of the specification: engines expect them of `state` and `list`, as runc prints them. Empty: left
  // out.
  std::string rootfs;
  std::string created;  // RFC 3339
  std::string owner;
  bool operator==(const State&) const = default;
};

// What the seccomp agent receives ("Container Process State", config-linux.md).
struct ContainerProcessState {
  std::string oci_version;
  std::vector<std::string> fds;
  int32_t pid = 0;
  std::string metadata;
  State state;
  bool operator==(const ContainerProcessState&) const = default;
};

Result<State> load_state(std::string_view text);
std::string to_json(const State& state, Style style = Style::kCompact);
std::string to_json(const ContainerProcessState& state, Style style = Style::kCompact);

}  // namespace estiva::spec
