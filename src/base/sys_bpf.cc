// SPDX-License-Identifier: Apache-2.0
// bpf(2). The attributes are always the whole, zeroed union: a kernel may write beyond the size of the fields
// that a command uses (Linux 6.17 does in BPF_PROG_QUERY).
#include "estiva/base/sys_bpf.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

namespace estiva::sys {

namespace {

long bpf(int command, union bpf_attr& attributes) {
  return ::syscall(SYS_bpf, command, &attributes, sizeof attributes);
}

uint64_t address(const void* pointer) { return reinterpret_cast<uintptr_t>(pointer); }

}  // namespace

Result<Fd> bpf_load_device_program(std::span<const struct bpf_insn> program) {
  union bpf_attr attributes;
  std::memset(&attributes, 0, sizeof attributes);
  attributes.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
  attributes.insn_cnt = static_cast<uint32_t>(program.size());
  attributes.insns = address(program.data());
  attributes.license = address("Apache-2.0");
  // EAGAIN: a signal was pending while the verifier ran.
  for (int attempt = 0;; ++attempt) {
    const long fd = bpf(BPF_PROG_LOAD, attributes);  // close-on-exec by itself
    if (fd >= 0) return Fd(static_cast<int>(fd), Closing::kLater);
    if (errno != EAGAIN || attempt == 4) return Error::system("bpf(BPF_PROG_LOAD)", errno);
  }
}

Result<void> bpf_attach_device_program(FdView cgroup, FdView program, unsigned flags) {
  union bpf_attr attributes;
  std::memset(&attributes, 0, sizeof attributes);
  attributes.target_fd = static_cast<uint32_t>(cgroup.number());
  attributes.attach_bpf_fd = static_cast<uint32_t>(program.number());
  attributes.attach_type = BPF_CGROUP_DEVICE;
  attributes.attach_flags = flags;
  if (bpf(BPF_PROG_ATTACH, attributes) < 0) return Error::system("bpf(BPF_PROG_ATTACH)", errno);
  return {};
}

}  // namespace estiva::sys
