// SPDX-License-Identifier: Apache-2.0
// bpf(2), as far as cgroup device programs need it.
#pragma once

#include <linux/bpf.h>

#include <span>
#include <string>
#include <vector>

#include "estiva/base/error.h"
#include "estiva/base/fd.h"

namespace estiva::sys {

// By it a later update finds the program again.
inline constexpr char kDeviceProgramName[] = "estiva";

// A BPF_PROG_TYPE_CGROUP_DEVICE program of that name (Linux 4.15). CAP_SYS_ADMIN, or CAP_BPF and CAP_NET_ADMIN.
Result<Fd> bpf_load_device_program(std::span<const struct bpf_insn> program);
// Attaches it to the cgroup2 directory; BPF_F_* `flags`. CAP_NET_ADMIN. With BPF_F_REPLACE (Linux 5.6) it takes the place
// of `replaced` at once.
Result<void> bpf_attach_device_program(FdView cgroup, FdView program, unsigned flags,
                                       FdView replaced = FdView::of_number(-1));
Result<void> bpf_detach_device_program(FdView cgroup, FdView program);
// Those attached to the directory itself, not to its parents. CAP_SYS_ADMIN.
Result<std::vector<Fd>> bpf_attached_device_programs(FdView cgroup);
Result<std::string> bpf_program_name(FdView program);

}  // namespace estiva::sys
