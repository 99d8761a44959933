// SPDX-License-Identifier: Apache-2.0
// The container's side of NOTIFY_SOCKET (sd_notify(3)): what is mounted into it, and what it is told.
#pragma once

#include "runtime/plan/plan.h"

namespace estiva::plan {

inline constexpr const char* kNotifyDirectory = "notify";  // in the container's state directory
inline constexpr const char* kNotifySocket = "notify.sock";

// RunOptions::notify_directory is set, and the container is one that can have it.
bool has_notify(const RunOptions& options, const spec::Spec& spec, const Plan& plan);
// The mount of that directory.
MountStep notify_mount(const RunOptions& options);
// The variable; it replaces what the configuration says.
void tell_notify(std::vector<std::string>& env);

}  // namespace estiva::plan
