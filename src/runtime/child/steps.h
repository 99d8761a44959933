// SPDX-License-Identifier: Apache-2.0
// The steps of the init and of exec, one file each; init.cc and exec.cc are their order. Every step runs in the child,
// in surroundings that the container's image controls: below the root only RootDir, no name service, no locale,
// nothing that loads code.
#pragma once

#include "runtime/child/context.h"

namespace estiva::child {

// namespaces.cc
Result<void> join_cgroups(Context& c);
Result<void> enter_namespaces(Context& c, sync::Channel& parent);
// All but those of these kinds (CLONE_NEW*). A pid namespace is joined for the children only.
Result<void> join_namespaces(Context& c, uint64_t except);
// Takes the ids of the user namespace's root; until then the process has those of the host's root, which can reach
// the root file system but can't make anything in it.
Result<void> become_root(const Context& c);
// Goes on in a new process inside the joined pid namespace; the old one ends here.
Result<void> enter_pid_namespace(Context& c, sync::Channel& parent);
// Of this process: dies with its parent until set-up is over, can't be traced or read.
Result<void> guard_process();

// network.cc
Result<void> bring_up_loopback(const Context& c);
Result<void> take_net_devices(const Context& c, sync::Channel& parent);

// rootfs.cc
Result<void> attach_rootfs(Context& c);
Result<void> enter_rootfs(Context& c);
Result<void> make_working_directory(const Context& c);
Result<void> make_root_readonly(const Context& c);

// mounts.cc: all mounts, or with a joined pid namespace first those outside /proc, then the rest.
// One of them. The mount, or nothing where mount(2) made it or none was made.
Result<Fd> apply_mount(Context& c, const MountStep& step, Fd& source);
enum class Part { kAll, kOutsideProc, kProc };
Result<void> apply_mounts(Context& c, Part part);

// devices.cc
Result<void> apply_devices_and_links(const Context& c);
Result<void> apply_links(const Context& c, const std::vector<LinkStep>& links);

// masks.cc
Result<void> apply_masked_paths(Context& c);
Result<void> apply_readonly_paths(const Context& c);

// console.cc: a pair from the container's devpts, whose master goes to the console socket; the init's is its
// /dev/console too.
Result<void> open_terminal(Context& c, bool is_console);
Result<void> use_terminal(const Context& c);

// host_proc.cc: on the host's procfs, which was opened before anything of the container was mounted. Mounts and links
// on the way are refused: the value must land in the very file (CVE-2019-16884, CVE-2025-52881).
Result<void> write_host_proc(const Context& c, const std::string& path, std::string_view value);

// labels.cc: what the program is confined by from its exec on. Needs the host's procfs.
Result<void> set_labels(const Context& c);
// SELinux's label of the keys that this process makes; empty: the policy's.
Result<void> set_key_label(const Context& c, std::string_view label);

// kernel.cc: what belongs to the namespaces rather than to the file system.
Result<void> join_keyring(const Context& c);
Result<void> set_names(const Context& c);
Result<void> write_sysctls(const Context& c);

// hooks.cc
Result<void> run_hooks(const Context& c, const std::vector<spec::Hook>& hooks, const char* kind,
                       const HookState& state);

// limits.cc: what this process may set itself, then what only the parent may, or should as late as possible: a
// scheduler can forbid clone.
Result<void> set_limits(const Context& c);
Result<void> ask_limits(const Context& c, sync::Channel& parent);

// credentials.cc
Result<void> drop_privileges(const Context& c);

// seccomp.cc: `peer` is who let the program start, and hands a listener to the agent.
Result<void> load_filter(const Context& c, const sync::Channel& peer);

// process.cc
// Environment, limits, ids, capabilities, working directory and program.
Result<void> become_program(Context& c);
// Of what is open beyond the program's own descriptors; numbers below 3 in `kept` are left out.
Result<void> close_all_but(const Context& c, std::vector<int> kept);

// program.cc
// False: this user may not.
Result<bool> enter_working_directory(const Context& c);
Result<void> find_program(Context& c);
Result<void> prepare_environment(Context& c);
// Returns only on failure.
Error execute(Context& c);

}  // namespace estiva::child
