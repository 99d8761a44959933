// SPDX-License-Identifier: Apache-2.0
// The commands of cais; the table in command.cc has them all.
#pragma once

#include "estiva/base/program.h"
#include "image/mount/mount.h"
#include "image/store/store.h"

namespace estiva::engine {

struct Globals : GlobalOptions {
  std::string run_root;
  std::string storage;
};

inline const Globals& globals(const Invocation& in) { return static_cast<const Globals&>(in.global); }

Result<image::Store> open_store(const Invocation& in);
// What the user forces, or what the machine does best.
Result<image::Tier> tier(const Invocation& in, const image::Store& store);

extern const Command kComplete, kInfo, kImages, kTag, kUntag, kRmi, kHistory, kInspect, kPrune, kDf, kVerify,
    kLoad, kSave, kImport, kExport, kCopy, kBundle, kUnbundle, kMount, kLogin, kLogout, kPull, kPush, kRun,
    kCommit, kDiff, kCreate, kStart, kAttach, kAfterExit, kStop, kRestart, kKill, kWait, kPause, kUnpause,
    kRm, kRename, kPs, kPort, kCp, kContainer, kLogs, kExec, kTop, kStats, kUpdate, kWhy, kSnap, kRollback,
    kUndo;

extern const Program kProgram;

}  // namespace estiva::engine
