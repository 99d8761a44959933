// SPDX-License-Identifier: Apache-2.0
// bpf(2), as far as cgroup device programs need it.
#pragma once

#include <linux/bpf.h>

#include <span>

#include "estiva/base/error.h"
#include "estiva/base/fd.h"

namespace estiva::sys {

// A BPF_PROG_TYPE_CGROUP_DEVICE program (Linux 4.15). CAP_SYS_ADMIN, or CAP_BPF and CAP_NET_ADMIN.
Result<Fd> bpf_load_device_program(std::span<const struct bpf_insn> program);
// Attaches it to the cgroup2 directory; BPF_F_* `flags`. CAP_NET_ADMIN.
Result<void> bpf_attach_device_program(FdView cgroup, FdView program, unsigned flags);

}  // namespace estiva::sys
