// SPDX-License-Identifier: Apache-2.0
// The tables of global options and of commands.
#include "engine/commands/command.h"

#include <stdlib.h>

#include <algorithm>

#include "engine/container/containers.h"
#include "engine/run/engine.h"
#include "estiva/base/files.h"
#include "estiva/base/text.h"
#include "image/bundle/snapshots.h"
#include "image/mount/rootfs.h"
#include "image/reference.h"

namespace estiva::engine {

namespace {

constexpr Option kGlobalRows[] = {
    options::row<&GlobalOptions::root>(0, "root", "DIR",
                                       "where images and containers are kept; /var/lib/cais if not given"),
    options::row<&Globals::run_root>(
        0, "run-root", "DIR", "where mounts and locks are kept until the next boot; /run/cais if not given"),
    options::row<&Globals::storage>(
        0, "storage", "index|unpacked",
        "how an image becomes a directory; if not given, index where the kernel can"),
    global_rows::kLog,
    global_rows::kLogFormat,
    global_rows::kLogLevel,
    global_rows::kDebug,
    global_rows::kVersion,
    global_rows::kHelp,
};

// clang-format off
const Command* const kCommands[] = {
    &kRun, &kCreate, &kStart, &kStop, &kRestart, &kKill, &kPause, &kUnpause, &kWait, &kRm, &kRename, &kUpdate, &kContainer,
    &kAttach, &kExec, &kCp, &kPort,
    &kPs, &kLogs, &kInspect, &kWhy, &kTop, &kStats, &kDiff,
    &kCommit, &kSnap, &kRollback, &kUndo,
    &kPull, &kPush, &kLogin, &kLogout,
    &kImages, &kHistory, &kTag, &kUntag, &kRmi, &kLoad, &kSave, &kImport, &kExport, &kCopy,
    &kBundle, &kUnbundle, &kMount,
    &kInfo, &kDf, &kPrune, &kVerify, &kComplete,
    &kAfterExit};
constexpr Heading kHeadings[] = {
    {&kRun, "Containers"},
    {&kAttach, "Work in a container"},
    {&kPs, "Look at containers"},
    {&kCommit, "Keep what a container wrote"},
    {&kPull, "Registries"},
    {&kImages, "Images"},
    {&kBundle, "Bundles for any OCI runtime"},
    {&kInfo, "The store"},
    {&kComplete, "For the shell"},
};
// clang-format on
// docker's words.
constexpr Instead kInstead[] = {
    {"build", "cais reads no Dockerfile; cais commit and cais import make images"},
    {"image", "images, history, inspect, pull, rmi, ... are commands of their own"},
    {"network", "there is one bridge; cais run --network says which network a container has"},
    {"search", "the web pages of a registry search it"},
    {"system", "cais df, cais info and cais prune"},
    {"version", "cais --version"},
    {"volume", "cais run --volume makes a volume when it is first named"},
};
constexpr const char* kExitStatus =
    "  0 on success, 125 after an error of cais or of the runtime\n"
    "  run, start --attach, attach, exec: that of the program; 128 + N if signal N ended it;\n"
    "    126 if it can't be executed, 127 if it is not there\n"
    "  1 if one of several containers was not dealt with, or verify found damage\n";

Result<void> add_containers(const Globals& global, std::vector<std::string>& out) {
  const Containers containers(TRY(files::absolute(global.root)), TRY(files::absolute(global.run_root)));
  for (const ContainerRecord& each : TRY(containers.list())) {
    out.push_back(each.name);
    out.push_back(each.short_id());
  }
  return {};
}

// Of any container: which one is meant is not told.
Result<void> add_snapshots(const Globals& global, std::vector<std::string>& out) {
  const Containers containers(TRY(files::absolute(global.root)), TRY(files::absolute(global.run_root)));
  out.emplace_back(image::kImageState);
  for (const ContainerRecord& each : TRY(containers.list())) {
    const Result<image::BundleState> state = image::read_bundle(containers.bundle(each.id));
    if (!state.ok()) continue;
    for (const image::Snapshot& snapshot : state.value().snapshots)
      if (!snapshot.name.empty()) out.push_back(snapshot.name);
  }
  std::ranges::sort(out);
  out.erase(std::unique(out.begin(), out.end()),
            out.end());  // clang++ 14 can't compile libstdc++'s ranges::unique
  return {};
}

// Names as a user writes them, and IDs.
Result<std::vector<std::string>> candidates(const GlobalOptions& global, std::string_view operand) {
  std::vector<std::string> out;
  const auto& all = static_cast<const Globals&>(global);
  if (operand.find("SNAPSHOT") != std::string_view::npos) TRY(add_snapshots(all, out));
  if (operand.find("CONTAINER") != std::string_view::npos) TRY(add_containers(all, out));
  if (operand.find("IMAGE") == std::string_view::npos) return out;
  const image::Store store = TRY(image::Store::open(all.root, all.run_root));
  for (const image::Image& each : TRY(store.images())) {
    for (const image::NameRecord& name : each.names)
      out.push_back(TRY(image::Reference::parse(name.name)).familiar());
    if (each.names.empty()) out.push_back(each.record.config.short_hex());
  }
  return out;
}

Result<int> complete(Invocation& in) { return complete_words(kComplete, in); }

std::string version_lines() { return ""; }

}  // namespace

Result<image::Store> open_store(const Invocation& in) {
  return image::Store::open(globals(in).root, globals(in).run_root);
}

Result<image::Tier> tier(const Invocation& in, const image::Store& store) {
  std::string forced = globals(in).storage;
  const char* environment = ::getenv("CAIS_STORAGE");
  if (forced.empty() && environment != nullptr) forced = environment;
  return image::choose_tier(store, forced);
}

const Command kComplete = {
    "complete", "-- WORD...", "print the ways to complete a command line; the shells call it", {}, complete};

const Program kProgram = {"cais",        "Containers from images, without a daemon.",
                          version_lines, kGlobalRows,
                          kCommands,     kEngineError,
                          candidates,    kHeadings,
                          kInstead,      kExitStatus};

}  // namespace estiva::engine
