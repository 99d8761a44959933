// SPDX-License-Identifier: Apache-2.0
// The commands of estiva; the table in command.cc has them all.
#pragma once

#include "estiva/base/program.h"

namespace estiva {

struct RuntimeOptions : GlobalOptions {
  std::string cgroup_manager = "cgroupfs";
  bool systemd_cgroup = false;
  std::string rootless = "auto";
  std::string criu;  // taken from old shims; criu(8) is looked up in PATH
};

// Where the state is kept if nobody says: of root's containers /run/estiva, else a place that belongs to the user.
std::string default_root();
// False: the container is to have no cgroup of its own. An error for a manager that this build lacks.
Result<bool> wants_cgroups(const Invocation& in);

extern const Command kCreate, kStart, kRun, kState, kKill, kDelete, kList, kSpec, kFeatures, kPlan, kComplete,
    kPs, kPause, kResume, kUpdate, kEvents, kMounts, kCheck, kExec, kWaitCommand;

extern const Program kProgram;

}  // namespace estiva
