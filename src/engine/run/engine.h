// SPDX-License-Identifier: Apache-2.0
// What every command that touches containers works with: the store, the containers, the programs that it calls.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "engine/container/containers.h"
#include "engine/run/timeline.h"
#include "estiva/base/error.h"
#include "image/store/store.h"

namespace estiva::engine {

// docker's: the engine refused; the command can't be executed; the command was not found.
enum ExitStatus : int { kEngineError = 125, kNotExecutable = 126, kNotFound = 127 };

struct Engine {
  image::Store store;
  Containers containers;
  std::string program;           // cais itself, by its absolute path
  std::string storage;           // as the user forces it, or empty
  Timeline* timeline = nullptr;  // of a command that wants to know

  std::string volumes() const { return store.root() + "/volumes"; }
};

Result<Engine> open_engine(const std::string& root, const std::string& run_root, const std::string& storage);

// The runtime's command line up to its command: the absolute path of `wanted` (a name or a path; empty: estiva beside
// this program, or in PATH), and where it keeps its records.
Result<Strings> find_runtime(const Engine& engine, const std::string& wanted);
// The absolute path of a program in PATH, or where programs usually are.
std::optional<std::string> find_in_path(const std::string& name);
// A command of the container's runtime; its output. The error is what it wrote. With `lock`, that lock is held until the
// command has ended, even if we are killed meanwhile.
Result<std::string> call_runtime(const ContainerRecord& record, const Strings& arguments,
                                 FdView lock = FdView::of_number(-1));
// A command of it that is to succeed as far as it can, with `work` beside it; the error is that of `work`.
Result<void> beside_runtime(const ContainerRecord& record, const Strings& arguments,
                            const std::function<Result<void>()>& work);
// The environment of this process.
Strings environment();

}  // namespace estiva::engine
