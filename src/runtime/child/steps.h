// SPDX-License-Identifier: Apache-2.0
// The steps of the init, one file each; init.cc is their order. Every step runs in the child, in surroundings that
// the container's image controls: below the root only RootDir, no name service, no locale, nothing that loads code.
#pragma once

#include "runtime/child/context.h"

namespace estiva::child {

// namespaces.cc
Result<void> join_cgroups(Context& c);
Result<void> enter_namespaces(Context& c, sync::Channel& parent);
// All but the pid namespace.
Result<void> join_namespaces(Context& c);
// Takes the ids of the user namespace's root; until then the process has those of the host's root, which can reach
// the root file system but can't make anything in it.
Result<void> become_root(const Context& c);
// Goes on in a new process inside the joined pid namespace; the old one ends here.
Result<void> enter_pid_namespace(Context& c, sync::Channel& parent);
// Of this process: dies with its parent until set-up is over, can't be traced or read.
Result<void> guard_process();

// network.cc
Result<void> bring_up_loopback(const Context& c);

// rootfs.cc
Result<void> attach_rootfs(Context& c);
Result<void> enter_rootfs(Context& c);
Result<void> make_working_directory(const Context& c);
Result<void> make_root_readonly(const Context& c);

// mounts.cc: all mounts, or with a joined pid namespace first those outside /proc, then the rest.
enum class Part { kAll, kOutsideProc, kProc };
Result<void> apply_mounts(Context& c, Part part);

// devices.cc
Result<void> apply_devices_and_links(const Context& c);
Result<void> apply_links(const Context& c, const std::vector<LinkStep>& links);

// masks.cc
Result<void> apply_masked_paths(Context& c);
Result<void> apply_readonly_paths(const Context& c);

// console.cc
Result<void> open_terminal(Context& c);
Result<void> use_terminal(const Context& c);

// kernel.cc: what belongs to the namespaces rather than to the file system.
Result<void> join_keyring(const Context& c);
Result<void> set_names(const Context& c);
Result<void> write_sysctls(const Context& c);

// hooks.cc
Result<void> run_hooks(const std::vector<spec::Hook>& hooks, const char* kind, const HookState& state);

// credentials.cc
Result<void> set_limits(const Context& c);
Result<void> drop_privileges(const Context& c);
Result<void> load_filter(const Context& c);

// program.cc
Result<void> find_program(Context& c);
Result<void> prepare_environment(Context& c);
// Returns only on failure.
Error execute(const Context& c);

}  // namespace estiva::child
